//! The closed vocabularies of a policy pack, with the words that stand in its file.

/// Makes an enum whose variants have a word in files and a label for people.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal, $count:literal {
        $($(#[$variant_doc:meta])* $variant:ident = $word:literal / $label:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// All of them, in order.
            pub const ALL: [$name; $count] = [$($name::$variant),+];

            /// The word used in files and messages.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }

            /// The word a clerk reads.
            pub const fn label(self) -> &'static str {
                match self { $($name::$variant => $label,)+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<$name, String> {
                $name::ALL.into_iter().find(|word| word.as_str() == text).ok_or_else(|| {
                    let all: Vec<_> = $name::ALL
                        .iter()
                        .map(|word| format!("{}（{}）", word.as_str(), word.label()))
                        .collect();
                    format!("“{text}”不是{}；应为 {} 之一", $what, all.join("、"))
                })
            }
        }
    };
}

pub(super) use words;

words! {
    /// What the petitioner wants (诉求类型).
    Kind, "诉求类型", 6 {
        /// 咨询
        Consult = "consult" / "咨询",
        /// 求助
        Help = "help" / "求助",
        /// 投诉
        Complaint = "complaint" / "投诉",
        /// 举报
        Report = "report" / "举报",
        /// 意见建议
        Suggestion = "suggestion" / "建议",
        /// 其他
        Other = "other" / "其他",
    }
}

words! {
    /// How urgent a matter is (紧急程度).
    Urgency, "紧急程度", 3 {
        /// 一般
        Normal = "normal" / "一般",
        /// 紧急
        Urgent = "urgent" / "紧急",
        /// 突发
        Emergency = "emergency" / "突发",
    }
}

words! {
    /// What becomes of a return asked for after its window.
    LateReturn, "逾期退单的处理", 2 {
        /// It is refused; the taker handles the matter.
        Refuse = "refuse" / "不予退单",
        /// It is reviewed, and the leg counts as overdue (通化市办法第十五条).
        MarkOverdue = "mark-overdue" / "可以审核，视为超期",
    }
}

words! {
    /// Who leads where several bodies handle one matter.
    LeadRule, "主办规则", 2 {
        /// 首接负责: the body whose delivery receipt is earliest.
        EarliestReceipt = "earliest-receipt" / "首接负责",
        /// The giver names the lead.
        ByName = "by-name" / "指定主办",
    }
}

words! {
    /// Which closed matters are called back on.
    Coverage, "回访范围", 3 {
        /// All that were assigned.
        All = "all" / "全部回访",
        /// Those rated unsatisfied by other channels.
        Unsatisfied = "unsatisfied" / "回访不满意件",
        /// None; ratings come in by other channels.
        None = "none" / "不主动回访",
    }
}

words! {
    /// Events that start supervision.
    TriggerEvent, "督办触发", 7 {
        /// A leg passed its due date.
        Overdue = "overdue" / "超期",
        /// A taker refused or returned past the bound.
        ReturnedPastBound = "returned-past-bound" / "多次退单",
        /// Rated unsatisfied again after a redo.
        UnsatisfiedAgain = "unsatisfied-again" / "重办后仍不满意",
        /// Extensions used up and still open.
        ExtensionsUsedUp = "extensions-used-up" / "延期用尽",
        /// A leg could not be delivered.
        Bounced = "bounced" / "无法送达",
        /// The same matter brought by many.
        Clustered = "clustered" / "集中反映",
        /// A person judges.
        Manual = "manual" / "人工认定",
    }
}

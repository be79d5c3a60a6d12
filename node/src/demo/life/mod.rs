//! The lives of matters, one story a file: what people at the nodes do with a message from its intake to its end.
//!
//! | story | file |
//! |---|---|
//! | answered or refused at the desk | `desk.rs` |
//! | by the dispatch catalogue; level by level to the front line | `down.rs` |
//! | signed for by the timer alone; overdue, noticed above and supervised | `timers.rs` |
//! | returned and determined anew; return denied; returned past the bound; extension; escalated by the taker; sent back | `requests.rs` |
//! | raised to the superior, further up, declined | `up.rs` |
//! | handled jointly in a county, by two counties, asked for from below | `joint.rs` |
//! | supervision order with reply and end | `ordered.rs` |
//! | rated poorly and done again | `redo.rs` |
//! | withdrawn, recalled, re-assigned | `back.rs` |
//!
//! To add a story: its function, its line in [`STORIES`], its line above.

mod acts;
mod back;
mod desk;
mod down;
mod joint;
mod ordered;
mod redo;
mod requests;
mod steps;
mod timers;
mod up;
mod words;

pub use steps::{Life, Town, Trouble};

use std::pin::Pin;

/// A story under way.
type Telling<'a> = Pin<Box<dyn Future<Output = Result<(), Trouble>> + Send + 'a>>;

/// A kind of life.
pub struct Story {
    /// Its name for people.
    pub name: &'static str,
    /// What happens in it, in one sentence.
    pub about: &'static str,
    /// Lives it.
    pub live: for<'a> fn(&'a mut Life) -> Telling<'a>,
}

macro_rules! stories {
    ($($name:literal, $about:literal => $path:path;)*) => {
        &[$(Story { name: $name, about: $about, live: |life| Box::pin($path(life)) },)*]
    };
}

/// Every story. The first round tells each once, the following ones choose.
pub const STORIES: &[Story] = stories! {
    "按目录派单", "派单目录逐级指明承办者，按事发地一直到单位" => down::by_catalogue;
    "直接答复", "话务员当场答复，不转办" => desk::answered;
    "逐级交办", "省、市、县、乡、单位逐级交办，结果逐级审核上报" => down::level_by_level;
    "两县会办", "市里同时交两个县，回执最早的主办" => joint::two_counties;
    "退单改派", "单位退单获准，重新认定职责后改由别的单位办" => requests::returned;
    "提级上报", "乡镇办不了的报到县里，县里办好再答复下来" => up::raised;
    "督办", "市督办县，县回复，市了结督办单" => ordered::supervised;
    "不满意重办", "回访不满意，重办一次，再回访" => redo::done_again;
    "视为签收", "没人签收，期限一到由系统视为签收" => timers::signed_by_the_timer;
    "县内会办", "县里几个单位一起办，全部报齐才能办结" => joint::in_a_county;
    "撤回诉求", "诉求人撤回，各级交办逐级收回" => back::withdrawn;
    "退单不予同意", "县里想退，市里不同意，继续办" => requests::return_denied;
    "延期", "单位说明理由申请延期，获准后办结" => requests::extended;
    "不予受理", "不属于受理范围，告知依据和途径" => desk::refused;
    "逾期通报", "紧急事项逾期，逐级通报，省里督办" => timers::overdue;
    "承办方提级", "县里权限不够，请市里收回另办" => requests::escalated;
    "逐级上报", "乡报县、县报市，市里办好逐级答复" => up::raised_twice;
    "收回改派", "派错了，收回并改派一步完成" => back::reassigned;
    "审核退回", "结果没答到点上，退回补办" => requests::sent_back;
    "请求外县协同", "县里的事牵涉邻县，报市里安排两县会办" => joint::asked_from_below;
    "上级不予接收", "市里认为县里能办，不接收，县里自己办" => up::declined;
    "县退回市", "一个县退单获准，市里改交另一个县" => requests::county_returns;
    "指定承办", "三次退单之后只能指定，指定的单位不得再退" => requests::determined;
};

/// The story of the message with this number, for a seed.
#[must_use]
pub fn story(seed: u64, no: usize) -> &'static Story {
    let mut dice = super::dice::Dice::new(seed, no as u64 + 1_000_003);
    let at = if no < STORIES.len() {
        no
    } else {
        dice.below(STORIES.len())
    };
    &STORIES[at]
}

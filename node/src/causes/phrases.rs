//! What the libraries say, by pattern: `{}` stands for anything, and the answer names what stood there by its place.

/// Pattern and words; the more exact pattern comes first.
const PHRASES: &[(&str, &str)] = &[
    // serde and TOML.
    ("unknown field `{}`, there are no fields", "没有“{0}”这一项"),
    (
        "unknown field `{}`, expected one of {$}",
        "没有“{0}”这一项；可写 {1}",
    ),
    (
        "unknown field `{}`, expected {$}",
        "没有“{0}”这一项；可写 {1}",
    ),
    ("unknown variant `{}`, there are no variants", "不认识“{0}”"),
    (
        "unknown variant `{}`, expected one of {$}",
        "不认识“{0}”；应为 {1} 之一",
    ),
    (
        "unknown variant `{}`, expected {$}",
        "不认识“{0}”；应为 {1}",
    ),
    ("missing field `{}`", "缺少“{0}”"),
    ("duplicate field `{}`", "“{0}”写了两次"),
    ("duplicate key", "同一项写了两次"),
    ("invalid type: {}, expected {$}", "应为{1}，实为{0}"),
    ("invalid value: {}, expected {$}", "应为{1}，实为{0}"),
    ("invalid length {}, expected {$}", "应有{1}，实有 {0} 项"),
    (
        "expected value at line {} column {}",
        "第 {0} 行第 {1} 列写法不对",
    ),
    (
        "EOF while parsing {} at line {} column {}",
        "到第 {1} 行就断了，内容不完整",
    ),
    ("{}, expected `{}`", "写法不对：此处应有 {1}"),
    (
        "string values must be quoted, expected literal string",
        "文字要加引号",
    ),
    ("string values must be quoted", "文字要加引号"),
    // Numbers and texts.
    ("invalid digit found in string", "应为整数"),
    (
        "cannot parse integer from empty string",
        "应为整数，不能为空",
    ),
    ("number too large to fit in target type", "数太大"),
    ("number too small to fit in target type", "数太小"),
    (
        "provided string was not `true` or `false`",
        "应为 true 或 false",
    ),
    ("{} is not in {}..={$}", "{0} 不在 {1} 到 {2} 之间"),
    ("stream did not contain valid UTF-8", "不是 UTF-8 文字"),
    (
        "invalid utf-8 sequence of {} bytes from index {}",
        "第 {1} 个字节起不是 UTF-8 文字",
    ),
    (
        "incomplete utf-8 byte sequence from index {}",
        "第 {0} 个字节起不是 UTF-8 文字",
    ),
    ("failed to fill whole buffer", "内容不完整"),
    ("early eof", "内容不完整"),
    ("unexpected end of file", "连接中断"),
    (
        "failed to decode Protobuf message: {$}",
        "内容不是所要的格式",
    ),
    ("invalid socket address syntax", "不是地址"),
    // Names and connections.
    (
        "failed to lookup address information: {$}",
        "解析不了主机名",
    ),
    ("Name or service not known", "解析不了主机名"),
    ("Temporary failure in name resolution", "暂时解析不了主机名"),
    ("deadline has elapsed", "超时"),
    ("Timeout expired", "超时，没有应答"),
    ("operation timed out", "超时"),
    ("keep-alive timed out", "对方没有音讯"),
    (
        "error reading a body from connection",
        "读对方的应答时连接断开",
    ),
    ("stream closed because of a broken pipe", "连接已断开"),
    (
        "connection closed before message completed",
        "对方没有答完就断开了连接",
    ),
    ("connection closed", "连接已断开"),
    ("broken pipe", "对方已关闭连接"),
    ("operation was canceled", "已取消"),
    ("channel closed", "已停止"),
    ("dispatch task is gone{$}", "连接已断开"),
    ("connection error: {$}", "连接出错"),
    ("h2 protocol error: {$}", "连接出错"),
    ("http2 error: {$}", "连接出错"),
    ("http2 error", "连接出错"),
    ("tcp connect error", "连接失败"),
    ("error trying to connect", "连接失败"),
    ("client error (Connect)", "连接失败"),
    ("transport error", "连接失败"),
    // TLS.
    ("tls handshake eof", "握手时对方断开了连接"),
    (
        "peer closed connection without sending TLS close_notify{$}",
        "对方断开了连接",
    ),
    ("invalid peer certificate: {$}", "对方的证书无效（{0}）"),
    ("invalid certificate: {$}", "证书无效（{0}）"),
    ("received fatal alert: {$}", "对方拒绝了 TLS 连接（{0}）"),
    ("received corrupt message of type {$}", "对方说的不是 TLS"),
    ("received corrupt message", "对方说的不是 TLS"),
    ("peer sent no certificates", "对方没有出示证书"),
    ("peer is incompatible: {$}", "对方的 TLS 不兼容（{0}）"),
    ("peer misbehaved: {$}", "对方不守 TLS 协议（{0}）"),
    ("received unexpected {$}", "对方不守 TLS 协议"),
    ("no server certificate chain resolved", "没有可用的证书"),
    // gRPC.
    ("The service is currently unavailable", "节点暂时不能应答"),
    ("Unknown error", "结果不明"),
    ("Internal error.", "节点内部出错"),
    (
        "Operation is not implemented or not supported",
        "节点的程序较旧，没有这项功能",
    ),
    ("Error, decoded message length too large: {$}", "内容太长"),
    ("Error, message length too large: {$}", "内容太长"),
];

/// What stands in a pattern's place.
const PARTS: &[(&str, &str)] = &[
    ("a string", "文字"),
    ("string", "文字"),
    ("a sequence", "列表"),
    ("sequence", "列表"),
    ("a map", "表"),
    ("map", "表"),
    ("a boolean", " true 或 false"),
    ("boolean", "是非值"),
    ("path string", "路径（文字）"),
    ("integer", "整数"),
    ("floating point", "小数"),
    ("unit", "空"),
    ("an integer", "整数"),
];

/// The text with every known phrase in Chinese.
pub(super) fn chinese(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, words) in PHRASES {
        if let Some(found) = find(&text, pattern) {
            let mut said = (*words).to_owned();
            for (at, part) in found.parts.iter().enumerate() {
                said = said.replace(&format!("{{{at}}}"), &part_in_words(part));
            }
            text.replace_range(found.from..found.to, &said);
        }
    }
    text
}

struct Found {
    from: usize,
    to: usize,
    parts: Vec<String>,
}

/// Where a pattern first fits. `{}` reaches to what follows it, `{$}` to the end of the line.
fn find(text: &str, pattern: &str) -> Option<Found> {
    let mut literals = pattern.split("{}");
    let first = literals.next()?;
    let (first, whole_rest) = match first.split_once("{$}") {
        Some((first, _)) => (first, true),
        None => (first, false),
    };
    let from = if first.is_empty() {
        0
    } else {
        text.find(first)?
    };
    let mut at = from + first.len();
    let mut parts = Vec::new();
    let end_of_line = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end);
    if whole_rest {
        let to = end_of_line(at);
        parts.push(text[at..to].to_owned());
        return Some(Found { from, to, parts });
    }
    for literal in literals {
        let (literal, rest) = match literal.split_once("{$}") {
            Some((literal, _)) => (literal, true),
            None => (literal, false),
        };
        let end = if literal.is_empty() {
            end_of_line(at)
        } else {
            at + text[at..].find(literal)?
        };
        parts.push(text[at..end].to_owned());
        at = end + literal.len();
        if rest {
            let to = end_of_line(at);
            parts.push(text[at..to].to_owned());
            at = to;
        }
    }
    // A sentence that only happens to hold the words of a pattern is longer than one.
    let short = parts.iter().all(|part| part.len() <= 2000);
    short.then_some(Found {
        from,
        to: at,
        parts,
    })
}

/// What a part says: a kind of value with the value, names in a row, or itself.
fn part_in_words(part: &str) -> String {
    let plain = part.replace("`, `", "、").replace("` or `", " 或 ");
    let plain = plain.trim_matches('`');
    if let Some((_, words)) = PARTS.iter().find(|(known, _)| *known == plain) {
        return (*words).to_owned();
    }
    let number = [
        "u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64",
    ];
    if number.contains(&plain) {
        return "整数".to_owned();
    }
    if plain.starts_with("struct ") {
        return "表".to_owned();
    }
    for (known, words) in PARTS {
        let value = plain
            .strip_prefix(known)
            .and_then(|rest| rest.strip_prefix(' '));
        if let Some(value) = value {
            return format!("{words} {}", value.trim_matches(['`', '"']));
        }
    }
    plain.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libraries_say_is_said_in_chinese() {
        for (english, words) in [
            (
                "unknown field `regoin`, expected one of `region`, `data`, `certs`",
                "没有“regoin”这一项；可写 region、data、certs",
            ),
            (
                "unknown field `x`, expected `a` or `b`",
                "没有“x”这一项；可写 a 或 b",
            ),
            ("missing field `node`", "缺少“node”"),
            (
                "invalid type: string \"abc\", expected u64",
                "应为整数，实为文字 abc",
            ),
            (
                "invalid type: integer `5`, expected a string",
                "应为文字，实为整数 5",
            ),
            ("invalid type: map, expected a sequence", "应为列表，实为表"),
            (
                "unknown variant `yes`, expected `sled` or `fjall`",
                "不认识“yes”；应为 sled 或 fjall",
            ),
            ("600 is not in 1..=500", "600 不在 1 到 500 之间"),
            (
                "received fatal alert: CertificateExpired",
                "对方拒绝了 TLS 连接（CertificateExpired）",
            ),
            (
                "读不了 a：stream did not contain valid UTF-8",
                "读不了 a：不是 UTF-8 文字",
            ),
            (
                "failed to lookup address information: Name or service not known",
                "解析不了主机名",
            ),
        ] {
            assert_eq!(chinese(english), words);
        }
        assert_eq!(chinese("路灯不亮 abc"), "路灯不亮 abc");
    }
}

//! What the operating system says, by the number of the error, or by its kind where it has none.

use std::io::{Error, ErrorKind};

/// Errors of Linux by number.
const NUMBERS: [(i32, &str); 46] = [
    (1, "系统不允许这样操作"),
    (2, "没有这个文件或文件夹"),
    (3, "没有这个进程"),
    (4, "操作被打断"),
    (5, "磁盘读写出错"),
    (6, "没有这个设备"),
    (7, "参数太长"),
    (9, "文件已经关闭"),
    (10, "没有子进程"),
    (11, "资源暂时不可用"),
    (12, "内存不足"),
    (13, "没有权限"),
    (16, "正被占用"),
    (17, "已经存在"),
    (18, "不在同一个文件系统"),
    (19, "没有这个设备"),
    (20, "路径中有一段不是文件夹"),
    (21, "这是文件夹，不是文件"),
    (22, "系统不接受这个参数"),
    (23, "系统打开的文件太多"),
    (24, "本进程打开的文件太多"),
    (26, "文件正在运行"),
    (27, "文件太大"),
    (28, "磁盘已满"),
    (29, "不能在这里定位"),
    (30, "文件系统是只读的"),
    (32, "对方已关闭连接"),
    (36, "文件名太长"),
    (39, "文件夹不是空的"),
    (40, "符号链接层数太多"),
    (71, "协议出错"),
    (75, "数值太大"),
    (95, "系统不支持这样操作"),
    (97, "系统不支持这种地址"),
    (98, "地址已被占用"),
    (99, "本机没有这个地址"),
    (100, "网络未接通"),
    (101, "网络不可达"),
    (103, "连接中止"),
    (104, "连接被对方重置"),
    (107, "尚未连接"),
    (110, "连接超时"),
    (111, "连接被拒绝"),
    (112, "对方主机没有开机"),
    (113, "没有通往对方主机的路由"),
    (122, "磁盘配额已满"),
];

/// Kinds of errors that have no number.
const KINDS: [(ErrorKind, &str); 24] = [
    (ErrorKind::NotFound, "没有这个文件或文件夹"),
    (ErrorKind::PermissionDenied, "没有权限"),
    (ErrorKind::ConnectionRefused, "连接被拒绝"),
    (ErrorKind::ConnectionReset, "连接被对方重置"),
    (ErrorKind::HostUnreachable, "没有通往对方主机的路由"),
    (ErrorKind::NetworkUnreachable, "网络不可达"),
    (ErrorKind::ConnectionAborted, "连接中止"),
    (ErrorKind::NotConnected, "尚未连接"),
    (ErrorKind::AddrInUse, "地址已被占用"),
    (ErrorKind::AddrNotAvailable, "本机没有这个地址"),
    (ErrorKind::NetworkDown, "网络未接通"),
    (ErrorKind::BrokenPipe, "对方已关闭连接"),
    (ErrorKind::AlreadyExists, "已经存在"),
    (ErrorKind::NotADirectory, "路径中有一段不是文件夹"),
    (ErrorKind::IsADirectory, "这是文件夹，不是文件"),
    (ErrorKind::DirectoryNotEmpty, "文件夹不是空的"),
    (ErrorKind::ReadOnlyFilesystem, "文件系统是只读的"),
    (ErrorKind::InvalidInput, "系统不接受这个参数"),
    (ErrorKind::InvalidData, "内容不合格式"),
    (ErrorKind::TimedOut, "超时"),
    (ErrorKind::StorageFull, "磁盘已满"),
    (ErrorKind::FileTooLarge, "文件太大"),
    (ErrorKind::UnexpectedEof, "内容不完整"),
    (ErrorKind::OutOfMemory, "内存不足"),
];

/// The text with the system's errors in Chinese, wherever in it they stand.
pub(super) fn chinese(text: &str) -> String {
    let mut text = text.to_owned();
    // Each round replaces one number; a text holds few.
    for _ in 0..8 {
        let Some(number) = first_number(&text) else {
            break;
        };
        let english = Error::from_raw_os_error(number).to_string();
        let known = NUMBERS.iter().find(|(known, _)| *known == number);
        let words = known.map_or_else(
            || format!("系统错误 {number}"),
            |(_, words)| (*words).to_owned(),
        );
        let tail = format!("(os error {number})");
        text = if text.contains(&english) {
            text.replace(&english, &words)
        } else {
            text.replace(&tail, &format!("（{words}）"))
        };
    }
    for (kind, words) in KINDS {
        let english = kind.to_string();
        if text == english
            || text.ends_with(&format!(":{english}"))
            || text.ends_with(&format!("：{english}"))
        {
            text.truncate(text.len() - english.len());
            text.push_str(words);
        }
    }
    text
}

fn first_number(text: &str) -> Option<i32> {
    let (_, rest) = text.split_once("(os error ")?;
    let (number, _) = rest.split_once(')')?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_are_replaced_wherever_they_stand() {
        let at = |number| Error::from_raw_os_error(number);
        assert_eq!(chinese(&at(2).to_string()), "没有这个文件或文件夹");
        let text = format!("读不了 a：{}；写不了 b：{}", at(13), at(28));
        assert_eq!(chinese(&text), "读不了 a：没有权限；写不了 b：磁盘已满");
        assert_eq!(chinese(&format!("x：{}", at(121))), "x：系统错误 121");
        let kind = Error::from(ErrorKind::NotFound).to_string();
        assert_eq!(
            chinese(&format!("找不到：{kind}")),
            "找不到：没有这个文件或文件夹"
        );
        assert_eq!(chinese("没有错"), "没有错");
    }
}

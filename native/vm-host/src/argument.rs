use serde::Deserialize;

/// What a call of libkrun is given, as the starter writes it: PROTOCOL.md, "Start".
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arg {
    Ref(String),
    U8(u8),
    U32(u32),
    U64(u64),
    I32(i32),
    Bool(bool),
    Str(Option<String>),
    /// A place in the jail's tree.
    Place(String),
    Strs(Option<Vec<String>>),
    Bytes(Vec<u8>),
    Fd(FdName),
    /// The descriptor that leads to the program of this number.
    Peer(usize),
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub enum FdName {
    #[serde(rename = "consoleIn")]
    ConsoleIn,
    #[serde(rename = "consoleOut")]
    ConsoleOut,
    /// The log's streams of the guest's main process.
    #[serde(rename = "stdout")]
    Stdout,
    #[serde(rename = "stderr")]
    Stderr,
}

//! The real agent, serving on a Unix socket instead of vsock.

mod agent;
mod attach;
mod cgroups;
mod contents;
mod endings;
mod failures;
mod files;
mod garbage;
mod health;
mod load;
mod machine;
mod outlets;
mod privileges;
mod processes;
mod streams;
mod terminals;

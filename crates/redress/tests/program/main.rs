//! The real program from outside: commands, `serve` and `demo` on directories of their own, as an
//! operator types them. Rules are tested where they stand; here it is shown that they are wired.

mod audit;
mod backup;
mod cases;
mod commands;
mod demo;
mod edge;
mod evidence;
mod killed;
mod operating;
mod outgoing;
mod proof;
mod serve;
mod support;
mod upgrade;

//! The program as people and scripts see it: runs the binary, looks at what it leaves behind.

mod bench;
mod check;
mod common;
mod damage;
mod data;
mod derive;
mod diverged;
mod export;
mod files;
mod judge;
mod lowered;
mod mistakes;
mod predict;
mod program;
mod readme;
mod resume;
mod train;

//! `cityevents`: one binary, all roles.

use clap::Parser as _;

/// The system's allocator keeps what a burst has used, per thread: after a flood of sign-ins, 19 MiB for each thread that ever hashed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let cli = cityevents::cli::Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(cityevents::cli::run(cli))
}

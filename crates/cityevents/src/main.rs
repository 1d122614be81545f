//! `cityevents`: one binary, all roles.

use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    let cli = cityevents::cli::Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(cityevents::cli::run(cli))
}

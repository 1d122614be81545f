use std::{io::Write as _, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use platform::{Clock, config::Config, outbox::Outbox};
use secrecy::ExposeSecret as _;

use super::sample;

/// Helpers for developers.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make verified users, and write an access token a line, for load tests.
    LoadUsers {
        /// How many.
        #[arg(long)]
        count: u32,
        /// Where the tokens go.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Fill the sample city, once, with people who can sign in.
    Sample,
}

/// Does what a developer asks.
pub async fn run(config: &Config, command: Command) -> anyhow::Result<()> {
    if !config.is_dev() {
        bail!("dev commands work only where mode = \"dev\"");
    }
    let database = super::open(config).await?;
    let outcome = match command {
        Command::LoadUsers { count, out } => load_users(config, &database, count, out).await,
        Command::Sample => sample::fill(config, &database).await,
    };
    database.close().await?;
    outcome
}

async fn load_users(
    config: &Config,
    database: &crate::database::Database,
    count: u32,
    out: PathBuf,
) -> anyhow::Result<()> {
    let clock = Clock::system();
    let pool = super::pool(database, auth::SCHEMA.name)?;
    let admin = auth::admin::Admin::new(pool.clone(), Outbox::new(clock.clone()), clock);
    let signer = auth::keys::load_or_create(&config.data_dir)?;
    let tokens = admin.load_users(count, &signer).await?;
    let mut file = std::fs::File::create(&out).with_context(|| format!("cannot write {}", out.display()))?;
    for token in &tokens {
        writeln!(file, "{}", token.expose_secret())?;
    }
    println!("{} users, their access tokens are in {}", tokens.len(), out.display());
    pool.close().await;
    Ok(())
}

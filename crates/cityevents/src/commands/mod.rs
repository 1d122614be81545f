//! What each subcommand does.

pub mod admin;
pub mod audit;
pub mod dev;
pub mod doctor;
pub mod import;
pub mod serve;

mod sample;

use platform::{config::Config, db};
use sqlx::PgPool;

use crate::database::Database;

/// Brings the database up to date.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let database = Database::open(config).await?;
    database.migrate().await?;
    println!("The database is up to date.");
    database.close().await
}

/// A database for a command that ends soon: open and up to date; made if there is none.
async fn open(config: &Config) -> anyhow::Result<Database> {
    let database = Database::open(config).await?;
    database.migrate().await?;
    Ok(database)
}

/// The same for a command that is about what is there.
async fn open_existing(config: &Config) -> anyhow::Result<Database> {
    let database = Database::existing(config).await?;
    database.migrate().await?;
    Ok(database)
}

fn pool(database: &Database, schema: &str) -> Result<PgPool, sqlx::Error> {
    db::pool(&database.url, schema, 4)
}

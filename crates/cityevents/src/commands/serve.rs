use std::time::Duration;

use anyhow::Context as _;
use platform::{Clock, chain, config::Config, lifecycle::Lifecycle, ops::Ops, random, trace};

use crate::{
    app::{self, App},
    database::Database,
};

/// Runs the server until it is told to stop.
pub async fn run(config: Config) -> anyhow::Result<()> {
    config.check().context("the configuration is refused")?;
    let lifecycle = Lifecycle::new();
    lifecycle.watch_signals()?;
    // First of all: whoever waits for the start, and whoever asks why it takes so long, is answered.
    let ops = app::operations(&config, &Clock::system(), &lifecycle)?;
    trace::export::start(&config.telemetry, env!("CARGO_PKG_VERSION"))
        .map_err(anyhow::Error::msg)
        .context("telemetry.otlp_endpoint")?;
    let database = Database::open(&config).await.context("no database")?;
    let outcome = serve(ops, config, &database, &lifecycle).await;
    lifecycle.shut_down().await;
    trace::export::stop().await;
    database.close().await?;
    outcome
}

async fn serve(ops: Ops, config: Config, database: &Database, lifecycle: &Lifecycle) -> anyhow::Result<()> {
    if !migrated(database, lifecycle).await? {
        return Ok(());
    }
    let app = App::start_with(ops, config, Clock::system(), &database.url, lifecycle.clone()).await?;
    app.run_until_stopped().await;
    Ok(())
}

/// Migrates, and waits for a database that is not there yet: after a power cut everything starts at once. `false` if told to stop.
async fn migrated(database: &Database, lifecycle: &Lifecycle) -> anyhow::Result<bool> {
    let mut pause = Duration::from_millis(250);
    loop {
        let error = match database.migrate().await {
            Ok(()) => return Ok(true),
            Err(error) => error,
        };
        let away = error.chain().any(|cause| {
            cause.downcast_ref::<sqlx::Error>().is_some_and(platform::db::is_unavailable)
                || cause.downcast_ref::<std::io::Error>().is_some()
        });
        if !away {
            return Err(error);
        }
        tracing::warn!(error = %chain(&*error), "the database is away; will try again");
        tokio::select! {
            () = lifecycle.drain.cancelled() => return Ok(false),
            () = tokio::time::sleep(pause.mul_f64(0.75 + random::jitter() / 2.0)) => {}
        }
        pause = (pause * 2).min(Duration::from_secs(5));
    }
}

use anyhow::bail;
use platform::{Clock, bus::Bus, config::Config, db};
use sqlx::{Connection as _, PgConnection};

use crate::database::Database;

/// Checks settings and dependencies, and says how to mend what is wrong.
pub async fn run(config: &Config, print_database_url: bool) -> anyhow::Result<()> {
    if print_database_url {
        let Some(url) = Database::running(config).await? else {
            bail!("the private cluster in {} does not run: start `cityevents serve`", config.data_dir.display());
        };
        println!("{url}");
        return Ok(());
    }
    let mut report = Report::default();
    match config.check() {
        Ok(()) => report.ok("configuration", &format!("mode {:?}", config.mode).to_lowercase()),
        Err(error) => report.bad("configuration", &error.to_string(), "change the settings it names"),
    }
    database(config, &mut report).await;
    match notify::try_mail(config).await {
        Ok(found) => report.ok("mail", &found),
        Err(reason) => {
            let hint = "check smtp.url (smtp://… or smtps://…) and mail.from, and that the server runs";
            report.bad("mail", &reason, hint);
        }
    }
    if report.bad > 0 {
        bail!("{} of {} checks failed", report.bad, report.all);
    }
    Ok(())
}

async fn database(config: &Config, report: &mut Report) {
    let url = match Database::running(config).await {
        Ok(Some(url)) => url,
        Ok(None) => {
            let found = format!("the private cluster in {} does not run", config.data_dir.display());
            match Database::startable(config).await {
                Ok(()) => report.bad("database", &found, "start `cityevents serve`, or set database.url"),
                Err(error) => report.bad("database", &found, &error.to_string()),
            }
            return;
        }
        Err(error) => {
            report.bad("database", &format!("{error:#}"), "set database.url to a Postgres URL, env:NAME or file:PATH");
            return;
        }
    };
    let version: Result<String, sqlx::Error> = async {
        let mut conn = PgConnection::connect_with(&db::options(&url, "bus")?).await?;
        let version = sqlx::query_scalar("SHOW server_version").fetch_one(&mut conn).await?;
        conn.close().await?;
        Ok(version)
    }
    .await;
    match version {
        Ok(version) => report.ok("database", &format!("PostgreSQL {version}")),
        Err(error) => {
            report.bad(
                "database",
                &platform::chain(&error).to_string(),
                "check that it runs and that database.url is right",
            );
            return;
        }
    }
    let Ok(pool) = db::pool(&url, "bus", 1) else { return };
    let now = Clock::system().now();
    match Bus::new(pool.clone()).stats().await {
        Ok(stats) if stats.iter().all(|queue| queue.parked == 0) => {
            let waiting: i64 = stats.iter().map(|queue| queue.waiting).sum();
            let oldest = stats.iter().filter_map(|queue| queue.oldest).min().map_or(0, |at| (now - at).num_seconds());
            report.ok("messages", &format!("{waiting} wait, the oldest for {oldest} s, none is parked"));
        }
        Ok(stats) => {
            let parked: i64 = stats.iter().map(|queue| queue.parked).sum();
            let hint =
                "see `cityevents admin messages parked`, mend the cause, then `cityevents admin messages replay`";
            report.bad("messages", &format!("{parked} are parked"), hint);
        }
        Err(error) => report.bad("messages", &platform::chain(&error).to_string(), "run `cityevents migrate`"),
    }
    pool.close().await;
}

#[derive(Default)]
struct Report {
    all: usize,
    bad: usize,
}

impl Report {
    fn ok(&mut self, what: &str, found: &str) {
        self.all += 1;
        println!("ok    {what}: {found}");
    }

    fn bad(&mut self, what: &str, found: &str, mend: &str) {
        self.all += 1;
        self.bad += 1;
        println!("WRONG {what}: {found}\n      -> {mend}");
    }
}

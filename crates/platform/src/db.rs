//! Pools, migrations, and what a database error means.

use std::{str::FromStr as _, sync::LazyLock, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio_util::sync::CancellationToken;

use crate::metrics;

/// The longest that one statement may run. A request has a shorter deadline of its own; this ends what outlives it.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a request waits for a connection before it is told that the database is away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// Pause between two counts of connections.
const WATCH: Duration = Duration::from_secs(1);

/// A role's own part of the database: the schema has the role's name.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Name of role and schema.
    pub name: &'static str,
    /// The role's migrations.
    pub migrations: fn() -> Migrator,
}

/// Connection options for one role: its schema comes first on the search path, so that its SQL names no schema, and it cannot
/// reach another role's table by accident.
///
/// # Errors
/// If `url` is not a Postgres URL.
pub fn options(url: &str, schema: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(url)?
        .application_name(&format!("cityevents-{schema}"))
        .options([
            ("search_path", format!("{schema},public")),
            ("statement_timeout", STATEMENT_TIMEOUT.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", "30000".to_owned()),
            ("timezone", "UTC".to_owned()),
            // Notices tell that what shall be there is there already; each would be a line in the log.
            ("client_min_messages", "warning".to_owned()),
        ])
        .log_slow_statements(tracing::log::LevelFilter::Warn, Duration::from_millis(500)))
}

/// A pool for one role. Connects when first used, so that a process starts while its database is away.
///
/// # Errors
/// If `url` is not a Postgres URL.
pub fn pool(url: &str, schema: &str, max_connections: u32) -> Result<PgPool, sqlx::Error> {
    Ok(pool_options(max_connections).connect_lazy_with(options(url, schema)?))
}

fn pool_options(max_connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .min_connections(0)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .acquire_time_level(tracing::log::LevelFilter::Debug)
        .idle_timeout(Duration::from_mins(5))
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Connections {
    pool: &'static str,
    state: &'static str,
}

static CONNECTIONS: LazyLock<Family<Connections, Gauge>> = LazyLock::new(|| {
    metrics::gauge(
        "db_client_connection_count",
        "Connections of a pool, by whether somebody works with them; `max` is how many there may be",
    )
});

/// Counts the connections of these pools until `stop`.
pub async fn watch(pools: Vec<(&'static str, PgPool)>, stop: CancellationToken) {
    loop {
        for (pool, connections) in &pools {
            let (size, idle) = (i64::from(connections.size()), i64::try_from(connections.num_idle()).unwrap_or(0));
            let max = i64::from(connections.options().get_max_connections());
            for (state, count) in [("used", size - idle), ("idle", idle), ("max", max)] {
                CONNECTIONS.get_or_create(&Connections { pool, state }).set(count.max(0));
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(WATCH) => {}
        }
    }
}

/// The pool of the bus. Its tables are queues: the planner takes them for small, and reads them whole, while a thousand rows that were
/// deleted a moment ago still lie in them. So everything is looked up by index, by plans that are made once. Commits as in
/// [`begin_repeatable`].
///
/// # Errors
/// If `url` is not a Postgres URL.
pub fn queue_pool(url: &str, max_connections: u32) -> Result<PgPool, sqlx::Error> {
    let options = options(url, "bus")?.options([
        ("enable_seqscan", "off"),
        ("plan_cache_mode", "force_generic_plan"),
        ("synchronous_commit", "off"),
    ]);
    Ok(pool_options(max_connections).connect_lazy_with(options))
}

/// A transaction whose commit does not wait for the disk: if the server dies in the next moment it may not have happened, and is done again.
/// For moving and deleting messages: the inbox knows those that come twice. Nothing gets lost, since the log keeps the order: what is
/// deleted was handed over, or had its effect, before.
///
/// # Errors
/// If the database is away.
pub async fn begin_repeatable(pool: &PgPool) -> Result<sqlx::PgTransaction<'static>, sqlx::Error> {
    pool.begin_with("BEGIN; SET LOCAL synchronous_commit = off").await
}

/// The migrations of the platform itself: messaging tables of each role, and the bus.
pub fn platform_migrations() -> [Migrator; 2] {
    [sqlx::migrate!("./migrations/messaging"), sqlx::migrate!("./migrations/bus")]
}

/// Brings one role's schema up to date: first the messaging tables that every role has, then its own. Safe to run from several
/// processes at once (sqlx takes an advisory lock).
///
/// # Errors
/// If the database is away, or a migration fails or was changed after it had been applied.
pub async fn migrate(url: &str, schema: Schema) -> Result<(), MigrateError> {
    let mut conn = PgConnection::connect_with(&options(url, schema.name)?).await?;
    create_schema(&mut conn, schema.name).await?;
    let [messaging, _] = platform_migrations();
    run(&mut conn, messaging, "_messaging_migrations").await?;
    run(&mut conn, (schema.migrations)(), "_migrations").await?;
    conn.close().await?;
    Ok(())
}

/// Brings the bus's schema up to date.
///
/// # Errors
/// As [`migrate`].
pub async fn migrate_bus(url: &str) -> Result<(), MigrateError> {
    let mut conn = PgConnection::connect_with(&options(url, "bus")?).await?;
    create_schema(&mut conn, "bus").await?;
    let [_, bus] = platform_migrations();
    run(&mut conn, bus, "_migrations").await?;
    conn.close().await?;
    Ok(())
}

/// `CREATE SCHEMA IF NOT EXISTS` is not safe against another process doing the same: the loser sees a unique violation.
async fn create_schema(conn: &mut PgConnection, name: &'static str) -> Result<(), sqlx::Error> {
    let statement = format!(
        "DO $$ BEGIN CREATE SCHEMA IF NOT EXISTS {name}; EXCEPTION WHEN unique_violation OR duplicate_schema THEN NULL; END $$"
    );
    sqlx::query(AssertSqlSafe(statement)).execute(conn).await.map(drop)
}

async fn run(conn: &mut PgConnection, mut migrator: Migrator, table: &'static str) -> Result<(), MigrateError> {
    migrator.dangerous_set_table_name(table);
    migrator.set_ignore_missing(true); // an older binary beside a newer one during a roll
    migrator.run(conn).await
}

/// Whether two transactions waited for each other, and this one had to go: it may go well at once.
pub fn is_deadlock(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database) if database.code().as_deref() == Some("40P01"))
}

/// Whether somebody else held a lock for too long.
pub fn is_locked(error: &sqlx::Error) -> bool {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    matches!(error, sqlx::Error::Database(database) if database.code().as_deref() == Some(LOCK_NOT_AVAILABLE))
}

/// Whether the error says "the database is away" (rather than "the statement is wrong").
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // Connection exceptions, insufficient resources, operator intervention (shutdown, statement timeout),
            // deadlock and serialisation failures: all of them may go well the next time.
            code.starts_with("08")
                || code.starts_with("53")
                || code.starts_with("57")
                || code == "40P01"
                || code == "40001"
                || code == "25P03"
        }),
        _ => false,
    }
}

/// Whether the connection, and with it the transaction, is gone (rather than one statement refused).
pub fn is_connection_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("08") || code.starts_with("57P") || code == "25P03")
        }
        other => is_unavailable(other),
    }
}

/// The name of the violated constraint, if that is what the error says.
pub fn violated_constraint(error: &sqlx::Error) -> Option<&str> {
    match error {
        sqlx::Error::Database(error) => error.constraint(),
        _ => None,
    }
}

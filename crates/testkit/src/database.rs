use std::{collections::hash_map::DefaultHasher, env, fs, hash::Hasher as _, path::Path, sync::Arc};

use contracts::Payload;
use platform::{
    Clock,
    broadcast::Broadcast,
    bus::{Bus, Consumer, Relay, Worker},
    config::Config,
    db::{self, Schema},
    outbox::Outbox,
    role::{Context, Rush},
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};
use url::Url;
use uuid::Uuid;

use crate::People;

/// A database of one test's own: a clone of a migrated template. It is dropped by the next `./dev test`.
#[derive(Debug)]
pub struct TestDb {
    url: String,
}

impl TestDb {
    /// A database with the bus and the given roles' schemas.
    pub async fn new(schemas: &[Schema]) -> Self {
        let server = server_url();
        let template = template(&server, schemas).await;
        let name = format!("t_{}", Uuid::new_v7(uuid::Timestamp::now(uuid::NoContext)).simple());
        let mut conn = PgConnection::connect(&server).await.expect("the test server accepts connections");
        let clone = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
        sqlx::query(AssertSqlSafe(clone)).execute(&mut conn).await.expect("the template can be cloned");
        Self { url: with_database(&server, &name) }
    }

    /// For a process or a pool of the test's own.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What a role is given to work with, in the default configuration. News goes nowhere; drain queues with [`settle`].
    pub fn context(&self, schema: &str, people: &People, clock: &Clock) -> Context {
        let pool = self.pool(schema);
        let (broadcast, _) = Broadcast::new(pool.clone());
        Context {
            pool,
            outbox: Outbox::new(clock.clone()),
            clock: clock.clone(),
            verifier: people.verifier(),
            broadcast,
            config: Arc::new(Config::load(None).expect("the defaults load")),
            rush: Rush::default(),
        }
    }

    /// Puts a message on the bus for `consumer`, and handles everything that waits for it: what arrives when another role said so.
    pub async fn deliver<P: Payload>(&self, consumer: &Consumer, payload: &P) {
        let mut conn = consumer.pool().acquire().await.expect("connected");
        Outbox::new(Clock::system()).publish(&mut conn, payload).await.expect("published");
        drop(conn);
        self.settle(consumer).await;
    }

    /// Moves the consumer's own role's outbox to the bus and handles what waits for `consumer`, until nothing is ready.
    pub async fn settle(&self, consumer: &Consumer) {
        let bus = Bus::new(self.pool("bus"));
        let subscriptions: &'static [_] = Box::leak(Box::new([consumer.subscription()]));
        let relay =
            Relay::new("test", consumer.pool().clone(), Outbox::new(Clock::system()), bus.clone(), subscriptions);
        let worker = Worker::new(consumer.clone(), bus, Arc::default());
        while relay.turn().await.expect("the relay works") + worker.turn().await.expect("the worker works") > 0 {}
    }

    /// Kinds of the messages in a role's outbox, oldest first.
    pub async fn outbox_kinds(&self, schema: &str) -> Vec<String> {
        sqlx::query_scalar("SELECT kind FROM outbox ORDER BY seq").fetch_all(&self.pool(schema)).await.expect("read")
    }

    /// Payloads of the messages of one kind in a role's outbox, oldest first.
    pub async fn outbox_payloads<P: Payload>(&self, schema: &str) -> Vec<P> {
        sqlx::query_scalar::<_, serde_json::Value>("SELECT payload FROM outbox WHERE kind = $1 ORDER BY seq")
            .bind(P::KIND)
            .fetch_all(&self.pool(schema))
            .await
            .expect("read")
            .into_iter()
            .map(|json| serde_json::from_value(json).expect("a payload of its kind"))
            .collect()
    }

    /// A pool as the role has it.
    pub fn pool(&self, schema: &str) -> PgPool {
        db::pool(&self.url, schema, 10).expect("the URL is one")
    }
}

fn server_url() -> String {
    if let Ok(url) = env::var("CITYEVENTS_TEST_DATABASE_URL") {
        return url;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.dev/test-database-url");
    fs::read_to_string(file).expect("tests need a Postgres: `./dev check` or `./dev test` starts one").trim().to_owned()
}

fn with_database(server: &str, name: &str) -> String {
    let mut url = Url::parse(server).expect("the test server's URL is one");
    url.set_path(name);
    url.into()
}

/// The name of the migrated template, made by whoever comes first.
async fn template(server: &str, schemas: &[Schema]) -> String {
    let mut hash = DefaultHasher::new();
    for schema in schemas {
        hash.write(schema.name.as_bytes());
        for migration in (schema.migrations)().iter() {
            hash.write(&migration.checksum);
        }
    }
    for migration in db::platform_migrations().iter().flat_map(|migrator| migrator.iter()) {
        hash.write(&migration.checksum);
    }
    let name = format!("template_{:016x}", hash.finish());
    let mut conn = PgConnection::connect(server).await.expect("the test server accepts connections");
    sqlx::query("SELECT pg_advisory_lock(4711)").execute(&mut conn).await.expect("a lock can be taken");
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)")
            .bind(&name)
            .fetch_one(&mut conn)
            .await
            .expect("the catalogue can be read");
    if !exists {
        let drop = format!("DROP DATABASE IF EXISTS {name}");
        sqlx::query(AssertSqlSafe(drop)).execute(&mut conn).await.expect("a half-made template can be dropped");
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut conn).await.expect("created");
        let url = with_database(server, &name);
        db::migrate_bus(&url).await.expect("the bus's migrations apply");
        for schema in schemas {
            db::migrate(&url, *schema).await.expect("the role's migrations apply");
        }
        let done = format!("ALTER DATABASE {name} IS_TEMPLATE true");
        sqlx::query(AssertSqlSafe(done)).execute(&mut conn).await.expect("marked as a template");
    }
    conn.close().await.expect("closed");
    name
}

//! Short-lived news for every process at once: places changed, a session ended. Best effort, through Postgres `NOTIFY`; whoever
//! must not miss anything reads a message from the bus instead, and whoever was away learns it from [`News::Connected`].

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, PgPool, postgres::PgListener};
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use crate::bus;

const CHANNEL: &str = "cityevents_news";
/// News waiting to be sent; beyond it news is dropped (and receivers find out at their next read).
const QUEUE: usize = 10_000;

/// What a subscriber hears.
#[derive(Clone, Debug)]
pub enum News {
    /// Something happened.
    Topic {
        /// Such as `places/<event id>`.
        topic: Arc<str>,
        /// What about it.
        data: Arc<Value>,
    },
    /// Listening from now on. News may have been missed before: read what you care about again.
    Connected,
    /// Nothing is heard until the next [`Connected`](Self::Connected).
    Disconnected,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    topic: String,
    data: Value,
}

/// Sends and receives. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Broadcast {
    outgoing: mpsc::Sender<Wire>,
    incoming: broadcast::Sender<News>,
    bus_wake: Arc<Notify>,
}

/// The tasks behind a [`Broadcast`].
pub struct BroadcastTasks {
    pool: PgPool,
    outgoing: mpsc::Receiver<Wire>,
    incoming: broadcast::Sender<News>,
    bus_wake: Arc<Notify>,
}

impl Broadcast {
    /// `pool` is any pool of the main database. Run the tasks.
    pub fn new(pool: PgPool) -> (Self, BroadcastTasks) {
        let (outgoing, receiver) = mpsc::channel(QUEUE);
        let (incoming, _) = broadcast::channel(4096);
        let bus_wake = Arc::new(Notify::new());
        (
            Self { outgoing, incoming: incoming.clone(), bus_wake: bus_wake.clone() },
            BroadcastTasks { pool, outgoing: receiver, incoming, bus_wake },
        )
    }

    /// Tells every process, soon. Call it after the commit. Of several values for one topic in quick succession the last one counts.
    pub fn send(&self, topic: impl Into<String>, data: Value) {
        // A full queue means that the database is away; subscribers will be told of the gap when it is back.
        let _ = self.outgoing.try_send(Wire { topic: topic.into(), data });
    }

    /// Hears everything from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<News> {
        self.incoming.subscribe()
    }

    /// Notified when the bus has new messages.
    pub fn bus_wake(&self) -> Arc<Notify> {
        self.bus_wake.clone()
    }
}

/// Tells every process when (and if) the transaction commits; for commands, which have no tasks of their own.
///
/// # Errors
/// As the database says.
pub async fn send_within(tx: &mut PgConnection, topic: &str, data: &Value) -> Result<(), sqlx::Error> {
    let wire = serde_json::json!({ "topic": topic, "data": data });
    sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(wire.to_string()).execute(tx).await.map(drop)
}

impl BroadcastTasks {
    /// Sends and listens until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let Self { pool, outgoing, incoming, bus_wake } = self;
        let sender = send_all(pool.clone(), outgoing);
        let listener = listen(pool, incoming, bus_wake);
        tokio::select! {
            () = stop.cancelled() => {}
            () = async { tokio::join!(sender, listener); } => {}
        }
    }
}

async fn send_all(pool: PgPool, mut outgoing: mpsc::Receiver<Wire>) {
    let mut batch = Vec::new();
    while outgoing.recv_many(&mut batch, 500).await > 0 {
        let mut last: HashMap<String, Value> = HashMap::new();
        for wire in batch.drain(..) {
            last.insert(wire.topic, wire.data);
        }
        let payloads: Vec<String> = last
            .into_iter()
            .filter_map(|(topic, data)| serde_json::to_string(&Wire { topic, data }).ok())
            .filter(|text| text.len() < 7900) // NOTIFY takes 8000 bytes
            .collect();
        let sent = sqlx::query("SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload")
            .bind(CHANNEL)
            .bind(&payloads)
            .execute(&pool)
            .await;
        if let Err(error) = sent {
            tracing::debug!(error = %crate::chain(&error), "news dropped");
        }
    }
}

async fn listen(pool: PgPool, incoming: broadcast::Sender<News>, bus_wake: Arc<Notify>) {
    loop {
        if let Err(error) = listen_once(&pool, &incoming, &bus_wake).await {
            tracing::debug!(error = %crate::chain(&error), "cannot listen; will connect again");
        }
        // Sending fails when nobody subscribes, which is harmless.
        let _ = incoming.send(News::Disconnected);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn listen_once(pool: &PgPool, incoming: &broadcast::Sender<News>, bus_wake: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.ignore_pool_close_event(true);
    listener.listen_all([CHANNEL, bus::CHANNEL]).await?;
    let _ = incoming.send(News::Connected);
    bus_wake.notify_waiters();
    while let Some(notification) = listener.try_recv().await? {
        if notification.channel() == bus::CHANNEL {
            bus_wake.notify_waiters();
        } else if let Ok(wire) = serde_json::from_str::<Wire>(notification.payload()) {
            let _ = incoming.send(News::Topic { topic: wire.topic.into(), data: Arc::new(wire.data) });
        }
    }
    Ok(())
}

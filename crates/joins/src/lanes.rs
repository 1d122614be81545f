//! Where requests wait in memory before they are decided: a bounded line for each of a few lanes.
//!
//! Contention is what makes a drop slow: more connections on a hot row are worse than one. So events are hashed to lanes, a lane has one
//! batch in the database at a time, and while that is under way the next one collects. There is no timer: an idle lane adds no delay, and
//! load makes the batches. Several processes meet at the events' rows, whose locks bring their batches in order; nothing about
//! correctness depends on the lanes.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};

use contracts::EventId;
use platform::{config, problem::Problem, role::Rush};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::timeout,
};

use crate::{
    desk::{Answer, Desk, Request, Ticket, Wish},
    error, metrics,
};

/// Requests that may wait in one lane; whoever comes later is told so at once.
const LINE: usize = 4_000;
/// The longest that one waits for an answer: a request has ten seconds in all.
const PATIENCE: Duration = Duration::from_secs(8);

/// All lanes of this process. Cheap to clone; the lanes end with the last clone.
#[derive(Clone, Debug)]
pub struct Lanes {
    lines: Arc<[Sender<Ticket>]>,
    rush: Rush,
}

impl Lanes {
    /// Opens the lanes.
    pub fn open(desk: &Desk, config: &config::Joins, rush: Rush) -> Self {
        Self { lines: (0..config.lanes.get()).map(|_| open(desk.clone(), config.batch, LINE)).collect(), rush }
    }

    /// Asks for a place, or to be let out, and waits for the answer.
    ///
    /// # Errors
    /// Unknown event, unverified address, a key that belongs to another request, a database that is away, or [`error::too_busy`]: the line
    /// is full, or does not move.
    pub async fn ask(&self, request: Request, wish: Wish) -> Result<Answer, Problem> {
        let _waiting = self.rush.wait();
        let lane = &self.lines[self.lane(request.event_id)];
        let (ticket, answer) = Ticket::new(request, wish);
        lane.try_send(ticket).map_err(|_| {
            metrics::shed();
            error::too_busy()
        })?;
        metrics::waits(1);
        match timeout(PATIENCE, answer).await {
            Ok(answer) => answer.unwrap_or_else(|lost| Err(Problem::internal(&lost))),
            Err(_) => Err(error::too_busy()),
        }
    }

    fn lane(&self, event: EventId) -> usize {
        let mut hash = DefaultHasher::new();
        event.hash(&mut hash);
        let lanes = u64::try_from(self.lines.len()).unwrap_or(1);
        usize::try_from(hash.finish() % lanes).unwrap_or(0)
    }
}

fn open(desk: Desk, batch: usize, line: usize) -> Sender<Ticket> {
    let (sender, receiver) = mpsc::channel(line);
    tokio::spawn(run(desk, batch, receiver));
    sender
}

async fn run(desk: Desk, batch: usize, mut line: Receiver<Ticket>) {
    let mut waiting = Vec::with_capacity(batch);
    while line.recv_many(&mut waiting, batch).await > 0 {
        metrics::waits(-i64::try_from(waiting.len()).unwrap_or(0));
        // Whoever has gone away meanwhile is not let in behind their back; they ask again under the same key.
        let tickets: Vec<Ticket> = waiting.drain(..).filter(|ticket| !ticket.is_abandoned()).collect();
        let desk = desk.clone();
        // In a task of its own, so that a panic costs one batch and not the lane.
        if let Err(error) = tokio::spawn(async move { desk.admit(tickets).await }).await {
            tracing::error!(%error, "a batch was lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::UserId;
    use platform::{Clock, broadcast::Broadcast, outbox::Outbox};
    use uuid::Uuid;

    use super::*;
    use crate::domain::IdempotencyKey;

    #[tokio::test(start_paused = true)]
    async fn the_line_is_bounded_and_nobody_waits_for_ever() {
        // A database that never answers: it takes the connection and says nothing.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://nobody@{}/nothing", silent.local_addr().unwrap());
        let pool = platform::db::pool(&url, "joins", 2).unwrap();
        let clock = Clock::system();
        let (broadcast, _) = Broadcast::new(pool.clone());
        let tickets = crate::Tickets::new(platform::signing::random());
        let desk = Desk { pool, outbox: Outbox::new(clock.clone()), clock, broadcast, tickets };
        let lanes = Lanes { lines: Arc::from([open(desk, 1, 1)]), rush: Rush::default() };
        let ask = || {
            let request = Request {
                event_id: EventId(Uuid::nil()),
                user_id: UserId(Uuid::nil()),
                key: IdempotencyKey::parse("a"),
            };
            lanes.ask(request, Wish::Leave)
        };
        let mut first = Box::pin(ask());
        assert!(timeout(Duration::from_millis(1), &mut first).await.is_err(), "is decided, for a long time");
        let mut second = Box::pin(ask());
        assert!(timeout(Duration::from_millis(1), &mut second).await.is_err(), "waits");
        let full = ask().await.unwrap_err();
        assert_eq!(full.document().status, 503, "the line is full");
        assert_eq!(first.await.unwrap_err().document().status, 503, "the database does not answer");
        assert_eq!(second.await.unwrap_err().document().status, 503, "the line does not move");
    }

    #[test]
    fn an_event_has_one_lane() {
        let lanes = Lanes { lines: (0..4).map(|_| mpsc::channel(1).0).collect(), rush: Rush::default() };
        let event = EventId(Uuid::from_u128(7));
        assert_eq!(lanes.lane(event), lanes.lane(event));
        let used: std::collections::HashSet<usize> =
            (0..64).map(|id| lanes.lane(EventId(Uuid::from_u128(id)))).collect();
        assert_eq!(used.len(), 4);
    }
}

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
use platform::problem::Problem;
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::timeout,
};

use crate::{
    desk::{Answer, Desk, Request, Ticket, Wish},
    error,
};

/// More lanes than this only contend for the same disk.
const LANES: usize = 2;
/// Requests decided in one transaction. Larger batches are hardly faster, and the first in them waits longer.
const BATCH: usize = 200;
/// Requests that may wait in one lane; whoever comes later is told so at once.
const LINE: usize = 4_000;
/// The longest that one waits for an answer: a request has ten seconds in all.
const PATIENCE: Duration = Duration::from_secs(8);

/// All lanes of this process. Cheap to clone; the lanes end with the last clone.
#[derive(Clone, Debug)]
pub struct Lanes(Arc<[Sender<Ticket>]>);

impl Lanes {
    /// Opens the lanes.
    pub fn open(desk: &Desk) -> Self {
        Self((0..LANES).map(|_| open(desk.clone(), LINE)).collect())
    }

    /// Asks for a place, or to be let out, and waits for the answer.
    ///
    /// # Errors
    /// Unknown event, unverified address, a key that belongs to another request, a database that is away, or [`error::too_busy`]: the line
    /// is full, or does not move.
    pub async fn ask(&self, request: Request, wish: Wish) -> Result<Answer, Problem> {
        let lane = &self.0[self.lane(request.event_id)];
        let (ticket, answer) = Ticket::new(request, wish);
        lane.try_send(ticket).map_err(|_| error::too_busy())?;
        match timeout(PATIENCE, answer).await {
            Ok(answer) => answer.unwrap_or_else(|lost| Err(Problem::internal(&lost))),
            Err(_) => Err(error::too_busy()),
        }
    }

    fn lane(&self, event: EventId) -> usize {
        let mut hash = DefaultHasher::new();
        event.hash(&mut hash);
        let lanes = u64::try_from(self.0.len()).unwrap_or(1);
        usize::try_from(hash.finish() % lanes).unwrap_or(0)
    }
}

fn open(desk: Desk, line: usize) -> Sender<Ticket> {
    let (sender, receiver) = mpsc::channel(line);
    tokio::spawn(run(desk, receiver));
    sender
}

async fn run(desk: Desk, mut line: Receiver<Ticket>) {
    let mut waiting = Vec::with_capacity(BATCH);
    while line.recv_many(&mut waiting, BATCH).await > 0 {
        // Whoever has gone away meanwhile is not let in behind their back; they ask again under the same key.
        let tickets: Vec<Ticket> = waiting.drain(..).filter(|ticket| !ticket.is_abandoned()).collect();
        let desk = desk.clone();
        // In a task of its own, so that a panic costs one batch and not the lane.
        if let Err(error) = tokio::spawn(async move { desk.admit(tickets).await }).await {
            tracing::error!(%error, "a batch was lost");
        }
    }
}

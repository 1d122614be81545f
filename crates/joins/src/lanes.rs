//! Where requests wait in memory before they claim a place: a bounded line, with few in the database at a time.
//!
//! More connections on a hot row make it slower, and requests that wait for its lock would hold every connection of the pool, so that
//! other events starve. Events are hashed to lanes; a lane lets two in: one works while the other's commit is on its way.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};

use contracts::EventId;
use platform::problem::Problem;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::error;

/// Requests of one lane in the database at a time.
const ABREAST: usize = 2;
/// Requests that may wait in one lane; whoever comes later is told so at once.
const LINE: usize = 2_000;
/// The longest that one waits: what is left of a request's ten seconds must do for the database.
const PATIENCE: Duration = Duration::from_secs(6);

/// All lanes of this process.
#[derive(Clone, Debug)]
pub struct Lanes(Arc<[Lane]>);

#[derive(Clone, Debug)]
struct Lane {
    /// A permit for everybody who waits or is in the database.
    admitted: Arc<Semaphore>,
    /// A permit for everybody who is in the database. First come, first served.
    turns: Arc<Semaphore>,
}

/// The right to talk to the database, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _held: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl Lanes {
    /// Leaves two of the pool's connections to those that only read.
    pub fn new(connections: u32) -> Self {
        let connections = usize::try_from(connections).unwrap_or(usize::MAX);
        let lanes = (connections.saturating_sub(2) / ABREAST).max(1);
        Self::with(lanes, LINE)
    }

    fn with(lanes: usize, line: usize) -> Self {
        let empty =
            || Lane { admitted: Arc::new(Semaphore::new(ABREAST + line)), turns: Arc::new(Semaphore::new(ABREAST)) };
        Self((0..lanes).map(|_| empty()).collect())
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`error::too_busy`] if the line is full, or if it does not move.
    pub async fn enter(&self, event: EventId) -> Result<Turn, Problem> {
        let mut hash = DefaultHasher::new();
        event.hash(&mut hash);
        let lanes = self.0.len();
        let index = usize::try_from(hash.finish() % u64::try_from(lanes).unwrap_or(1)).unwrap_or(0);
        let Lane { admitted, turns } = &self.0[index];
        let admitted = Arc::clone(admitted).try_acquire_owned().map_err(|_| error::too_busy())?;
        match timeout(PATIENCE, Arc::clone(turns).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(Turn { _held: (admitted, turn) }),
            Ok(Err(closed)) => Err(Problem::internal(&closed)),
            Err(_) => Err(error::too_busy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_line_is_bounded_and_nobody_waits_for_ever() {
        let lanes = Lanes::with(1, 1);
        let event = EventId(Uuid::nil());
        let (first, _second) = (lanes.enter(event).await.unwrap(), lanes.enter(event).await.unwrap());
        let mut waiting = Box::pin(lanes.enter(event));
        assert!(timeout(Duration::from_millis(1), &mut waiting).await.is_err(), "waits");
        assert_eq!(lanes.enter(event).await.unwrap_err().document().status, 503, "the line is full");
        drop(first);
        let third = waiting.await.unwrap();
        assert_eq!(lanes.enter(event).await.unwrap_err().document().status, 503, "the line does not move");
        drop(third);
        lanes.enter(event).await.unwrap();
    }
}

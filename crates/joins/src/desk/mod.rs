//! The desk where places are given out: each transaction locks the events, decides, and writes down what was decided, what is answered
//! and what others are told. People's requests are decided in batches ([`Batch`]); what organisers change, one event at a time.

mod answer;
mod batch;
mod organised;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use contracts::{EventId, UserId, events::EventStatus, joins::Places};
use platform::{
    Clock,
    broadcast::Broadcast,
    db,
    outbox::Outbox,
    problem::Problem,
    trace::{Span, TraceContext},
};
use serde::Serialize;
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use tokio::{sync::oneshot, time::timeout};

use self::batch::Batch;
pub use self::{
    answer::{Answer, Done, InvitationView, Joined, Left, LiveStatus},
    batch::{Writes, numbered},
};
use crate::{
    domain::{Answers, Event, Given, IdempotencyKey, InvitationCode, NewInvitation},
    error,
    metrics::{self, Counts},
    store,
    tickets::Tickets,
};

/// The longest that one batch may take, whatever the database does. A request has ten seconds in all.
const TRANSACTION: Duration = Duration::from_secs(6);

/// How long answers are kept under their key.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// Decides. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Desk {
    /// This role's part of the database.
    pub pool: PgPool,
    /// Where messages are written.
    pub outbox: Outbox,
    /// The time.
    pub clock: Clock,
    /// News of how full events are.
    pub broadcast: Broadcast,
    /// Signs tickets.
    pub tickets: Tickets,
}

/// Who asks, and by which key they would repeat it.
#[derive(Clone, Debug)]
pub struct Request {
    /// At which event.
    pub event_id: EventId,
    /// Who.
    pub user_id: UserId,
    /// By which key; `None` where it makes no difference how often it is asked.
    pub key: Option<IdempotencyKey>,
}

/// What is asked for.
#[derive(Clone, Debug, Serialize)]
pub enum Wish {
    /// A place for each of the party.
    Join(Box<Given>),
    /// Out.
    Leave,
    /// What was offered, or is free shortly before the start.
    Claim,
    /// To stay in.
    Keep,
    /// To have answered the organiser's questions.
    Answer(Answers),
    /// The organiser approves a request.
    Approve {
        /// Whose.
        user_id: UserId,
    },
    /// The organiser does not approve a request.
    Reject {
        /// Whose.
        user_id: UserId,
        /// To the person.
        words: Option<String>,
    },
    /// The organiser takes somebody off the list.
    Remove {
        /// Whom.
        user_id: UserId,
        /// To the person.
        words: Option<String>,
    },
    /// The organiser does not want somebody any more.
    Ban {
        /// Whom.
        user_id: UserId,
        /// To the person.
        words: Option<String>,
    },
    /// The organiser wants somebody again.
    Unban {
        /// Whom.
        user_id: UserId,
    },
    /// The organiser gives somebody a place out of turn.
    Pick {
        /// Whom.
        user_id: UserId,
        /// Even above the capacity.
        exceed: bool,
    },
    /// A steward lets somebody of the line in, into a place that nobody has used.
    WalkIn {
        /// Whom.
        user_id: UserId,
    },
    /// The organiser invites.
    Invite(Box<NewInvitation>),
    /// The organiser takes an invitation back.
    Revoke {
        /// Which.
        code: InvitationCode,
    },
    /// The organiser is about to lower the capacity: from now on, for a while, no place above it is given.
    Hold {
        /// To what.
        capacity: i32,
    },
    /// The change of the capacity was refused.
    Release {
        /// To what it would have been lowered.
        capacity: i32,
    },
    /// Places of people who were inside when their join ended, which was a mistake of the door.
    FreeUsed {
        /// How many.
        people: i32,
    },
    /// That what has lapsed is over, and what is free is given.
    Settle,
    /// Out of the line; whoever has a place by now keeps it.
    LeaveLine,
    /// That nothing is left of a deleted account.
    Forget,
}

impl Wish {
    /// Whose join has to be known.
    fn concerns(&self, request: &Request) -> Option<UserId> {
        match self {
            Self::Join(_)
            | Self::Leave
            | Self::Claim
            | Self::Keep
            | Self::Answer(_)
            | Self::LeaveLine
            | Self::Forget => Some(request.user_id),
            Self::Approve { user_id }
            | Self::Reject { user_id, .. }
            | Self::Remove { user_id, .. }
            | Self::Ban { user_id, .. }
            | Self::Unban { user_id }
            | Self::WalkIn { user_id }
            | Self::Pick { user_id, .. } => Some(*user_id),
            Self::Invite(_)
            | Self::Revoke { .. }
            | Self::Hold { .. }
            | Self::Release { .. }
            | Self::FreeUsed { .. }
            | Self::Settle => None,
        }
    }

    /// Which invitation has to be known.
    fn invitation(&self) -> Option<&InvitationCode> {
        match self {
            Self::Join(given) => given.invitation.as_ref(),
            Self::Revoke { code } => Some(code),
            _ => None,
        }
    }

    /// Whether it may free places, or let the line move in another way.
    fn may_free(&self) -> bool {
        match self {
            // Places that were kept for the invited, and that nobody needs.
            Self::Join(given) => given.invitation.is_some(),
            _ => !matches!(
                self,
                Self::Keep | Self::Answer(_) | Self::Unban { .. } | Self::Invite(_) | Self::Hold { .. } | Self::Settle
            ),
        }
    }

    /// As metrics name it.
    fn name(&self) -> &'static str {
        match self {
            Self::Join(_) => "join",
            Self::Leave => "leave",
            Self::Claim => "claim",
            Self::Keep => "keep",
            Self::Answer(_) => "answer",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
            Self::Remove { .. } => "remove",
            Self::Ban { .. } => "ban",
            Self::Unban { .. } => "unban",
            Self::Pick { .. } => "pick",
            Self::WalkIn { .. } => "walk_in",
            Self::Invite(_) => "invite",
            Self::Revoke { .. } => "revoke",
            Self::Hold { .. } => "hold",
            Self::Release { .. } => "release",
            Self::FreeUsed { .. } => "free_used",
            Self::Settle => "settle",
            Self::LeaveLine => "leave_line",
            Self::Forget => "forget",
        }
    }

    fn is_about_bans(&self) -> bool {
        matches!(self, Self::Ban { .. } | Self::Unban { .. })
    }
}

/// A request that waits for its answer.
#[derive(Debug)]
pub struct Ticket {
    request: Request,
    wish: Wish,
    /// What it belongs to.
    trace: TraceContext,
    /// Since when it waits.
    since: Instant,
    reply: oneshot::Sender<Result<Answer, Problem>>,
}

impl Ticket {
    /// A ticket, and where its answer will come.
    pub fn new(request: Request, wish: Wish) -> (Self, oneshot::Receiver<Result<Answer, Problem>>) {
        let (reply, answer) = oneshot::channel();
        (Self { request, wish, trace: TraceContext::current(), since: Instant::now(), reply }, answer)
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn answer(self, answer: Result<Answer, Problem>) {
        // Whoever went away asks again under the same key.
        let _ = self.reply.send(answer);
    }
}

impl Desk {
    /// Decides requests in the order in which they came, as far as it goes in one transaction, and answers each. What was decided under
    /// a key is answered again; what could not be decided at all is an error and leaves no trace.
    ///
    /// If a batch cannot be written, it is tried again in smaller parts, so that nobody fails because of a neighbour.
    pub async fn admit(&self, tickets: Vec<Ticket>) {
        for ticket in &tickets {
            metrics::queued(ticket.since.elapsed());
        }
        let mut parts = VecDeque::from([tickets]);
        while let Some(part) = parts.pop_front() {
            let (started, span) = (Instant::now(), span(&part));
            let work = self.decide(&part);
            let decided = match span {
                Some(span) => timeout(TRANSACTION, span.run(work)).await,
                None => timeout(TRANSACTION, work).await,
            };
            match decided.unwrap_or(Err(Failed::Database(sqlx::Error::PoolTimedOut))) {
                Ok((answers, counts)) => {
                    metrics::written(&counts, started.elapsed());
                    for (ticket, answer) in part.into_iter().zip(answers) {
                        ticket.answer(answer);
                    }
                }
                Err(Failed::KeyTaken) if part.len() == 1 => answer_all(part, &error::key_reused()),
                Err(Failed::Database(error)) if part.len() == 1 || is_hopeless(&part, &error) => {
                    answer_all(part, &error::unsettled(error));
                }
                Err(failed) => {
                    tracing::debug!(tickets = part.len(), ?failed, "batch is tried in smaller parts");
                    for part in smaller(part).into_iter().rev() {
                        parts.push_front(part);
                    }
                }
            }
        }
    }

    async fn decide(&self, tickets: &[Ticket]) -> Result<(Vec<Result<Answer, Problem>>, Counts), Failed> {
        let mut tx = store::begin_batch(&self.pool).await?;
        let (answers, events, counts) = match self.carry_out(&mut tx, tickets).await {
            Ok(decided) => decided,
            Err(failed) => {
                tx.rollback().await?; // at once: others wait for the locks
                return Err(failed);
            }
        };
        if events.is_none() {
            tx.rollback().await?;
            return Ok((answers, counts));
        }
        self.outbox.commit(tx).await?;
        for event in events.unwrap_or_default() {
            self.tell(&event);
        }
        Ok((answers, counts))
    }

    /// Decides requests within a transaction: their answers, and the events that changed; `None` if there is nothing to commit.
    async fn carry_out(
        &self,
        tx: &mut PgConnection,
        tickets: &[Ticket],
    ) -> Result<(Vec<Result<Answer, Problem>>, Option<Vec<Event>>, Counts), Failed> {
        let mut batch = Batch::load(tx, tickets, self).await?;
        let answers = tickets.iter().map(|ticket| batch.decide(ticket)).collect::<Result<Vec<_>, _>>()?;
        let counts = std::mem::take(&mut batch.counts);
        if counts.neglected > 0 {
            tracing::warn!(joins.neglected = counts.neglected, "somebody had waited beside a free place");
        }
        let now = batch.now;
        let writes = batch.finish();
        if writes.is_empty() {
            return Ok((answers, None, counts));
        }
        if !store::write(tx, &writes, now).await? {
            return Err(Failed::KeyTaken);
        }
        self.outbox.publish_drafts(tx, &writes.messages).await?;
        Ok((answers, Some(writes.events), counts))
    }

    /// Forgets answers that nobody can ask for any more.
    ///
    /// # Errors
    /// As the database says.
    pub async fn forget_old_answers(&self) -> Result<(), sqlx::Error> {
        let forgotten = store::forget(&self.pool, self.clock.now() - KEPT).await?;
        tracing::debug!(forgotten, "idempotency keys forgotten");
        Ok(())
    }

    /// Tells every process how full an event is. `revision` says which of two such pieces of news is newer, since they may overtake
    /// each other.
    pub fn tell(&self, event: &Event) {
        let Places { capacity, confirmed, waitlisted, held } = event.places();
        let public = event.status != EventStatus::Draft;
        let data = json!({
            "public": public, "revision": event.revision,
            "capacity": capacity, "confirmed": confirmed, "waitlisted": waitlisted, "held": held,
        });
        self.broadcast.send(format!("places/{}", event.id), data);
    }
}

/// Why a batch was not written.
#[derive(Debug)]
enum Failed {
    /// One of the keys was used a moment ago for another event, of another lane or replica.
    KeyTaken,
    /// The database refused it, or is away.
    Database(sqlx::Error),
}

impl From<serde_json::Error> for Failed {
    fn from(error: serde_json::Error) -> Self {
        Self::Database(sqlx::Error::Encode(error.into()))
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// A batch belongs to all its requests; it lies under the first of those whose traces are kept, and is linked to the others.
fn span(part: &[Ticket]) -> Option<Span> {
    let mut kept = part.iter().map(|it| it.trace).filter(|it| it.is_sampled());
    let mut span = Span::internal("decide", Some(kept.next()?));
    span.set("cityevents.joins.batch_size", i64::try_from(part.len()).unwrap_or(i64::MAX));
    kept.for_each(|it| span.link(it));
    Some(span)
}

fn answer_all(part: Vec<Ticket>, problem: &Problem) {
    for ticket in part {
        ticket.answer(Err(problem.clone()));
    }
}

/// Whether smaller parts would fare no better: the database is away, or the one event that all want is locked.
fn is_hopeless(part: &[Ticket], error: &sqlx::Error) -> bool {
    let one_event = part.iter().all(|it| it.request.event_id == part[0].request.event_id);
    (db::is_unavailable(error) && !db::is_deadlock(error)) || (one_event && db::is_locked(error))
}

/// A part for each event; of one event, a part for each request.
fn smaller(part: Vec<Ticket>) -> Vec<Vec<Ticket>> {
    let mut events: Vec<Vec<Ticket>> = Vec::new();
    for ticket in part {
        match events.iter_mut().find(|it| it[0].request.event_id == ticket.request.event_id) {
            Some(event) => event.push(ticket),
            None => events.push(vec![ticket]),
        }
    }
    if events.len() > 1 { events } else { events.into_iter().flatten().map(|ticket| vec![ticket]).collect() }
}

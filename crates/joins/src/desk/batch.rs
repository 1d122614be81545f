use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use contracts::{EventId, JoinId, UserId};
use platform::{http::StatusCode, outbox::Draft, problem::Problem, trace::TraceContext};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::{
    Answer, Desk, Request, Ticket, Wish,
    answer::{Done, InvitationView, Joined, Left, LiveStatus},
};
use crate::{
    domain::{
        Book, Decision, Event, Fact, IdempotencyKey, Invitation, InvitationCode, Join, JoinStatus, NewInvitation,
        Placed, Refusal, Wanted,
    },
    error,
    metrics::{Counts, Decided},
    store::{self, Known},
    tickets::{self, Tickets},
};

type Key = (UserId, IdempotencyKey);

/// Decides requests in memory, one after the other. All that they depend on was read before, under the events' locks; all that they
/// change is written afterwards, in sets.
#[derive(Debug)]
pub struct Batch {
    /// When everything is decided.
    pub now: DateTime<Utc>,
    signer: Tickets,
    books: BTreeMap<EventId, Book>,
    known: HashMap<Key, Known>,
    writes: Writes,
    /// What it comes to.
    pub counts: Counts,
}

/// What a batch writes.
#[derive(Debug, Default)]
pub struct Writes {
    /// Events that changed.
    pub events: Vec<Event>,
    /// Joins that were made or changed, as they are at the end of the batch.
    pub joins: Vec<(EventId, Join)>,
    /// What organisers and the clock decided, numbered within the event's revision.
    pub decisions: Vec<(EventId, i32, Decision)>,
    /// Invitations that were used or taken back.
    pub invitations: Vec<Invitation>,
    /// Invitations that were made: where, what, by whom, when.
    pub made: Vec<(EventId, NewInvitation, UserId, DateTime<Utc>)>,
    /// Answers to be kept.
    pub answers: Vec<Remembered>,
    /// What others are told, in order.
    pub messages: Vec<Draft>,
}

/// An answer to be kept.
#[derive(Debug)]
pub struct Remembered {
    /// Whose key.
    pub user_id: UserId,
    /// The key.
    pub key: IdempotencyKey,
    /// What the answer is about, and the answer.
    pub known: Known,
    /// What it was about.
    pub event_id: EventId,
    /// Which join was made or ended.
    pub join_id: Option<JoinId>,
}

impl Writes {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.answers.is_empty()
    }
}

/// What one request came to: an answer, and which join it is about.
type Verdict = Result<(Answer, Option<JoinId>), Problem>;

impl Batch {
    /// Locks the events that the requests are about, and reads what the decisions depend on.
    pub async fn load(tx: &mut PgConnection, tickets: &[Ticket], desk: &Desk) -> Result<Self, sqlx::Error> {
        let ids: BTreeSet<EventId> = tickets.iter().map(|it| it.request.event_id).collect();
        let events = store::lock_events(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
        let now = desk.clock.now(); // not before the locks: whoever waited for them decides later
        let asked: BTreeSet<(UserId, &IdempotencyKey)> =
            tickets.iter().filter_map(|it| Some((it.request.user_id, it.request.key.as_ref()?))).collect();
        let known = store::known(tx, &asked.into_iter().collect::<Vec<_>>()).await?;
        let mut books: BTreeMap<EventId, Book> = events.into_iter().map(|event| (event.id, Book::new(event))).collect();
        let concerned: BTreeSet<(EventId, UserId)> =
            tickets.iter().filter_map(|it| Some((it.request.event_id, it.wish.concerns(&it.request)?))).collect();
        let concerned: Vec<_> = concerned.into_iter().collect();
        for (event_id, join) in store::live(tx, &concerned).await? {
            if let Some(book) = books.get_mut(&event_id) {
                book.load(join);
            }
        }
        if books.values().any(|book| book.event.banned > 0) || tickets.iter().any(|it| it.wish.is_about_bans()) {
            for (event_id, user_id) in store::bans(tx, &concerned).await? {
                if let Some(book) = books.get_mut(&event_id) {
                    book.load_ban(user_id);
                }
            }
        }
        let signer = desk.tickets.clone();
        let mut batch = Self { now, signer, books, known, writes: Writes::default(), counts: Counts::default() };
        batch.load_invitations(tx, tickets).await?;
        batch.load_lines(tx, tickets).await?;
        batch.load_absent(tx, tickets).await?;
        Ok(batch)
    }

    async fn load_absent(&mut self, tx: &mut PgConnection, tickets: &[Ticket]) -> Result<(), sqlx::Error> {
        let mut walk_ins: BTreeMap<EventId, i64> = BTreeMap::new();
        for ticket in tickets.iter().filter(|it| matches!(it.wish, Wish::WalkIn { .. })) {
            *walk_ins.entry(ticket.request.event_id).or_default() += 1;
        }
        for (event_id, walk_ins) in walk_ins {
            let Some(book) = self.books.get_mut(&event_id) else { continue };
            for join in store::absent(tx, event_id, walk_ins).await? {
                book.load_absent(join);
            }
        }
        Ok(())
    }

    async fn load_invitations(&mut self, tx: &mut PgConnection, tickets: &[Ticket]) -> Result<(), sqlx::Error> {
        let codes: Vec<(EventId, &InvitationCode)> =
            tickets.iter().filter_map(|it| Some((it.request.event_id, it.wish.invitation()?))).collect();
        if codes.is_empty() {
            return Ok(());
        }
        for (event_id, invitation) in store::invitations(tx, &codes).await? {
            if let Some(book) = self.books.get_mut(&event_id) {
                book.load_invitation(invitation);
            }
        }
        Ok(())
    }

    async fn load_lines(&mut self, tx: &mut PgConnection, tickets: &[Ticket]) -> Result<(), sqlx::Error> {
        let mut freeing: HashMap<EventId, i32> = HashMap::new();
        for ticket in tickets.iter().filter(|it| it.wish.may_free()) {
            let event_id = ticket.request.event_id;
            let Some(book) = self.books.get(&event_id) else { continue };
            let parties = match &ticket.wish {
                Wish::Release { .. } => book.event.line_length,
                Wish::FreeUsed { people } => *people,
                wish => wish.invitation().map_or(1, |code| book.reserved_by(code).max(1)),
            };
            let so_far = freeing.entry(event_id).or_default();
            *so_far = so_far.saturating_add(parties);
        }
        let mut lines = Vec::new();
        for (event_id, book) in &mut self.books {
            let wanted = book.wanted(freeing.get(event_id).copied().unwrap_or_default(), self.now);
            if wanted.due {
                load_due(tx, book, self.now).await?;
            }
            if wanted.parties > 0 {
                lines.push((*event_id, wanted.parties, book.event.capacity));
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        let mut heads = store::lines(tx, &lines).await?;
        for (event_id, parties, _) in lines {
            if let Some(book) = self.books.get_mut(&event_id) {
                book.load_line(heads.remove(&event_id).unwrap_or_default(), parties);
            }
        }
        Ok(())
    }

    /// Decides one request.
    ///
    /// # Errors
    /// If a message cannot be written as JSON.
    pub fn decide(&mut self, ticket: &Ticket) -> Result<Result<Answer, Problem>, serde_json::Error> {
        let Request { event_id, user_id, key } = &ticket.request;
        let Some(book) = self.books.get_mut(event_id) else { return Ok(Err(Problem::not_found())) };
        let key = key.as_ref().map(|key| (*user_id, key.clone()));
        let request_hash = request_hash(*event_id, &ticket.wish)?;
        if let Some(known) = key.as_ref().and_then(|key| self.known.get(key)) {
            let same = known.request_hash == request_hash;
            let outcome = if same { ("replayed", "") } else { ("refused", error::IDEMPOTENCY_KEY_REUSED.name) };
            self.counts.decided.push(counted(&ticket.wish, outcome));
            return Ok(if same { Ok(known.answer.clone()) } else { Err(error::key_reused()) });
        }
        self.counts.neglected += u64::from(book.settle(self.now));
        let decided = decide(book, ticket, self.now)?;
        self.counts.promoted += tell(book, &self.signer, ticket.trace, &mut self.writes.messages)?;
        let outcome = match &decided {
            Ok(_) => (outcome(book, ticket), ""),
            Err(problem) => ("refused", problem.code().name),
        };
        self.counts.decided.push(counted(&ticket.wish, outcome));
        let (answer, join_id) = match decided {
            Ok(decided) => decided,
            // A state conflict is an answer like any other, kept under the key; other refusals may be over by the next attempt.
            Err(problem) if problem.code().status == StatusCode::CONFLICT => {
                (answer(StatusCode::CONFLICT, &problem.document())?, None)
            }
            Err(problem) => return Ok(Err(problem)),
        };
        if let Some((user_id, key)) = key {
            let known = Known { request_hash, answer: answer.clone() };
            self.known.insert((user_id, key.clone()), known.clone());
            self.writes.answers.push(Remembered { user_id, key, known, event_id: *event_id, join_id });
        }
        Ok(Ok(answer))
    }

    /// What to write.
    pub fn finish(self) -> Writes {
        let mut writes = self.writes;
        for (event_id, book) in self.books {
            let closing = book.close();
            if !closing.changed {
                continue;
            }
            writes.events.push(closing.event);
            writes.joins.extend(closing.joins.into_iter().map(|join| (event_id, join)));
            writes.invitations.extend(closing.invitations);
            writes.made.extend(closing.made.into_iter().map(|(it, by, at)| (event_id, it, by, at)));
            writes.decisions.extend(numbered(event_id, closing.decisions));
        }
        // Two lanes that want the same keys must want them in the same order.
        writes.answers.sort_unstable_by(|a, b| (a.user_id, &a.key).cmp(&(b.user_id, &b.key)));
        writes
    }
}

/// Reads what one book wants, for decisions with a capacity that is not above this one.
pub async fn load_wanted(
    tx: &mut PgConnection,
    book: &mut Book,
    wanted: Wanted,
    capacity: Option<i32>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let id = book.event.id;
    if wanted.due {
        load_due(tx, book, now).await?;
    }
    if wanted.parties > 0 {
        let mut lines = store::lines(tx, &[(id, wanted.parties, capacity)]).await?;
        book.load_line(lines.remove(&id).unwrap_or_default(), wanted.parties);
    }
    Ok(())
}

async fn load_due(tx: &mut PgConnection, book: &mut Book, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let due = store::due(tx, book.event.id, now).await?;
    for invitation in due.invitations {
        book.load_invitation(invitation);
    }
    book.load_due(due.joins, due.next);
    Ok(())
}

/// Numbers the decisions within each revision.
pub fn numbered(event_id: EventId, decisions: Vec<Decision>) -> impl Iterator<Item = (EventId, i32, Decision)> {
    let (mut revision, mut n) = (0, 0);
    decisions.into_iter().map(move |decision| {
        n = if decision.revision == revision { n + 1 } else { 0 };
        revision = decision.revision;
        (event_id, n, decision)
    })
}

/// Writes what the book tells as messages; of how many people that they came up from the line.
pub fn tell(
    book: &mut Book,
    signer: &Tickets,
    trace: TraceContext,
    messages: &mut Vec<Draft>,
) -> Result<u64, serde_json::Error> {
    let mut promoted = 0;
    for fact in book.told() {
        messages.push(match fact {
            Fact::Confirmed(mut it) => {
                promoted += u64::from(it.promoted);
                let line_no = book.live(it.user_id).map_or(0, |join| join.line_no);
                let ticket =
                    tickets::Ticket { event_id: it.event_id, join_id: it.join_id, line_no, people: it.party_size };
                it.ticket = Some(signer.sign(&ticket));
                Draft::new(&it, trace)
            }
            Fact::Waitlisted(it) => Draft::new(&it, trace),
            Fact::Requested(it) => Draft::new(&it, trace),
            Fact::Offered(it) => Draft::new(&it, trace),
            Fact::Ended(it) => Draft::new(&it, trace),
            Fact::Preferred(it) => Draft::new(&it, trace),
            Fact::Places(it) => Draft::new(&it, trace),
        }?);
    }
    Ok(promoted)
}

fn counted(wish: &Wish, (outcome, reason): (&'static str, &'static str)) -> Decided {
    Decided { wish: wish.name(), outcome, reason }
}

/// What a request that was not refused came to.
fn outcome(book: &Book, ticket: &Ticket) -> &'static str {
    let gives = matches!(
        ticket.wish,
        Wish::Join(_) | Wish::Claim | Wish::Approve { .. } | Wish::Pick { .. } | Wish::WalkIn { .. }
    );
    let concerned = ticket.wish.concerns(&ticket.request).filter(|_| gives);
    match concerned.and_then(|user_id| book.live(user_id)).map(|join| join.status) {
        Some(JoinStatus::Confirmed) => "confirmed",
        Some(JoinStatus::Offered) => "offered",
        Some(JoinStatus::Waitlisted) => "waitlisted",
        Some(JoinStatus::Pending) => "pending",
        Some(JoinStatus::Ended) | None => "done",
    }
}

fn decide(book: &mut Book, ticket: &Ticket, now: DateTime<Utc>) -> Result<Verdict, serde_json::Error> {
    let Request { event_id, user_id: asker, .. } = ticket.request;
    let (decision, concerned) = match &ticket.wish {
        Wish::Join(given) => return placed(book.join(given, now), book, asker, now),
        Wish::Claim => return placed(book.claim(asker, now), book, asker, now),
        Wish::Approve { user_id } => return placed(book.approve(*user_id, asker, now), book, *user_id, now),
        Wish::Pick { user_id, exceed } => {
            return placed(book.pick(*user_id, *exceed, asker, now), book, *user_id, now);
        }
        Wish::WalkIn { user_id } => return placed(book.walk_in(*user_id, asker, now), book, *user_id, now),
        Wish::Leave => {
            return Ok(match book.leave(asker, now) {
                Ok(id) => {
                    let (places, revision) = (book.event.places(), book.event.revision);
                    let left = Left { event_id, status: "left", left_at: now, places, revision };
                    Ok((answer(StatusCode::OK, &left)?, Some(id)))
                }
                Err(refusal) => Err(refusal.problem()),
            });
        }
        Wish::Invite(invitation) => {
            return Ok(match book.invite(invitation, asker, now) {
                Ok(()) => Ok((answer(StatusCode::CREATED, &InvitationView::new(invitation, now))?, None)),
                Err(refusal) => Err(refusal.problem()),
            });
        }
        Wish::Keep => (book.keep(asker, now).map(|()| "kept"), asker),
        Wish::Answer(answers) => (book.answer(asker, answers, now).map(|()| "answered"), asker),
        Wish::Reject { user_id, words } => {
            (book.reject(*user_id, words.clone(), asker, now).map(|()| "rejected"), *user_id)
        }
        Wish::Remove { user_id, words } => {
            (book.remove(*user_id, words.clone(), asker, now).map(|()| "removed"), *user_id)
        }
        Wish::Ban { user_id, words } => {
            book.ban(*user_id, words.clone(), asker, now);
            (Ok("banned"), *user_id)
        }
        Wish::Unban { user_id } => {
            book.unban(*user_id, asker, now);
            (Ok("unbanned"), *user_id)
        }
        Wish::Revoke { code } => (book.revoke(code, asker, now).map(|()| "revoked"), asker),
        Wish::Hold { capacity } => (book.hold(*capacity, now).map(|()| "held"), asker),
        Wish::Release { capacity } => {
            book.release_hold(*capacity, now);
            (Ok("released"), asker)
        }
        Wish::FreeUsed { people } => {
            book.free_used(*people, now);
            (Ok("freed"), asker)
        }
        Wish::Settle => (Ok("settled"), asker),
        Wish::LeaveLine => {
            book.leave_line(asker, now);
            (Ok("left"), asker)
        }
        Wish::Forget => {
            book.forget(asker, now);
            (Ok("forgotten"), asker)
        }
    };
    Ok(match decision {
        Ok(status) => {
            let (places, revision) = (book.event.places(), book.event.revision);
            let done = Done { event_id, user_id: concerned, status, decided_at: now, places, revision };
            Ok((answer(StatusCode::OK, &done)?, None))
        }
        Err(refusal) => Err(refusal.problem()),
    })
}

fn placed(
    placed: Result<Placed, Refusal>,
    book: &Book,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Verdict, serde_json::Error> {
    let placed = match placed {
        Ok(placed) => placed,
        Err(refusal) => return Ok(Err(refusal.problem())),
    };
    let joined = Joined {
        join_id: placed.id,
        event_id: book.event.id,
        status: LiveStatus::from(placed.status),
        position: placed.position,
        party_size: placed.size,
        joined_at: book.live(user_id).map_or(now, |it| it.joined_at),
        places: book.event.places(),
        revision: book.event.revision,
    };
    Ok(Ok((answer(StatusCode::OK, &joined)?, Some(placed.id))))
}

fn answer(status: StatusCode, body: &impl Serialize) -> Result<Answer, serde_json::Error> {
    Ok(Answer { status, body: serde_json::to_vec(body)? })
}

/// Of what the request means, not of how it is written: an absent party is a party of one.
fn request_hash(event_id: EventId, wish: &Wish) -> Result<Vec<u8>, serde_json::Error> {
    let meaning = match wish {
        Wish::Join(given) if given.is_plain() => format!("join/{event_id}/{}", given.party.get()),
        Wish::Leave => format!("leave/{event_id}"),
        wish => format!("{event_id}/{}", serde_json::to_string(wish)?),
    };
    Ok(Sha256::digest(meaning.as_bytes()).to_vec())
}

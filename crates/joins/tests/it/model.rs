//! Random histories, run against the role and against the [`oracle`](testkit::oracle), and compared after every step.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::{
    UserId,
    auth::UserDeleted,
    events::{EventChanged, EventSnapshot, EventStatus},
    registration::{Access, Question, QuestionKind, Registration},
};
use futures::future::join_all;
use platform::identity::Role;
use proptest::{
    collection::vec,
    option,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use testkit::{
    Answer, Client, Person,
    oracle::{Invitation, Join, Member, Oracle, Status},
};

use crate::support::{World, key};

const PEOPLE: usize = 9;

#[derive(Clone, Debug)]
enum Step {
    /// People's requests, under way together: they are decided in batches.
    Rush(Vec<Request>),
    /// A request under the key of an earlier one.
    Again(prop::sample::Index),
    Organise(Organise),
    Capacity(Option<i32>),
    Rules(Rules),
    /// The start is so many hours from now.
    Start(i64),
    Hold(i32),
    Release(i32),
    /// A party comes in, or goes out.
    Scan(usize, bool),
    /// Time goes by: so many seconds.
    Wait(i64),
    LookAfter,
    AskToReconfirm,
    Unpublish,
    Publish,
    /// An account ceases to exist; its owner comes back with another one.
    Forget(usize),
    Cancel,
}

#[derive(Clone, Debug)]
enum Request {
    Join(Join),
    Leave(usize),
    Claim(usize),
    Keep(usize),
    Answer(usize),
}

#[derive(Clone, Debug)]
enum Organise {
    Approve(usize),
    Reject(usize),
    Remove(usize),
    Ban(usize),
    Unban(usize),
    Pick(usize, bool),
    Invite { uses: i32, reserved: i32, minutes: Option<i64> },
    Revoke(usize),
}

/// What can be changed about registration. Times are hours before the start.
#[derive(Clone, Debug)]
struct Rules {
    access: Access,
    party_limit: i32,
    opens: Option<i64>,
    closes: Option<i64>,
    passes: i32,
    offer_hours: i32,
    offer_minutes: i32,
    asks: bool,
    reconfirm_hours: Option<i32>,
}

fn request() -> impl Strategy<Value = Request> {
    let join = (0..PEOPLE, 1..=4_i32, 0..8_u8, prop::bool::weighted(0.3), option::weighted(0.15, 0..3_usize)).prop_map(
        |(who, size, part, answered, invitation)| {
            let at_least = if part == 0 { 1 } else { size };
            Request::Join(Join { who, size, at_least, answered, invitation })
        },
    );
    prop_oneof![
        8 => join,
        4 => (0..PEOPLE).prop_map(Request::Leave),
        3 => (0..PEOPLE).prop_map(Request::Claim),
        1 => (0..PEOPLE).prop_map(Request::Keep),
        1 => (0..PEOPLE).prop_map(Request::Answer),
    ]
}

fn organise() -> impl Strategy<Value = Organise> {
    prop_oneof![
        3 => (0..PEOPLE).prop_map(Organise::Approve),
        1 => (0..PEOPLE).prop_map(Organise::Reject),
        2 => (0..PEOPLE).prop_map(Organise::Remove),
        1 => (0..PEOPLE).prop_map(Organise::Ban),
        1 => (0..PEOPLE).prop_map(Organise::Unban),
        2 => (0..PEOPLE, any::<bool>()).prop_map(|(who, exceed)| Organise::Pick(who, exceed)),
        2 => (1..3_i32, 0..4_i32, option::of(1..300_i64))
            .prop_map(|(uses, reserved, minutes)| Organise::Invite { uses, reserved, minutes }),
        1 => (0..3_usize).prop_map(Organise::Revoke),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let access = prop_oneof![4 => Just(Access::Open), 2 => Just(Access::Approval), 1 => Just(Access::Invitation)];
    let hours = || option::weighted(0.1, 0..80_i64);
    (
        (access, 2..=10_i32, hours(), hours(), 0..4_i32),
        (prop_oneof![Just(0), Just(1), Just(24), Just(48)], prop_oneof![Just(5), Just(90), Just(600)]),
        (prop::bool::weighted(0.2), option::weighted(0.3, prop_oneof![Just(2), Just(48)])),
    )
        .prop_map(
            |((access, party_limit, opens, closes, passes), (offer_hours, offer_minutes), (asks, reconfirm_hours))| {
                Rules { access, party_limit, opens, closes, passes, offer_hours, offer_minutes, asks, reconfirm_hours }
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        14 => request().prop_map(|it| Step::Rush(vec![it])),
        10 => vec(request(), 2..12).prop_map(Step::Rush),
        2 => any::<prop::sample::Index>().prop_map(Step::Again),
        5 => organise().prop_map(Step::Organise),
        3 => prop_oneof![6 => (1..9_i32).prop_map(Some), 1 => Just(None)].prop_map(Step::Capacity),
        2 => rules().prop_map(Step::Rules),
        1 => (1..80_i64).prop_map(Step::Start),
        1 => (0..5_i32).prop_map(Step::Hold),
        1 => (0..5_i32).prop_map(Step::Release),
        2 => (0..PEOPLE, prop::bool::weighted(0.7)).prop_map(|(who, comes)| Step::Scan(who, comes)),
        5 => prop_oneof![Just(30), Just(299), Just(300), 60..7_200_i64, 3_600..90_000_i64].prop_map(Step::Wait),
        2 => Just(Step::LookAfter),
        1 => Just(Step::AskToReconfirm),
        1 => Just(Step::Unpublish),
        2 => Just(Step::Publish),
        1 => (0..PEOPLE).prop_map(Step::Forget),
    ]
}

type History = (Option<i32>, i64, Vec<Step>);

fn history() -> impl Strategy<Value = History> {
    let join = Join { who: 0, size: 1, at_least: 1, answered: false, invitation: None };
    let end = prop_oneof![
        Just(vec![]),
        Just(vec![Step::Cancel, Step::Rush(vec![Request::Join(join), Request::Leave(1), Request::Claim(2)])])
    ];
    let capacity = prop_oneof![6 => (0..8_i32).prop_map(Some), 1 => Just(None)];
    (capacity, 1..100_i64, vec(step(), 50..90), end)
        .prop_map(|(capacity, starts_in, steps, end)| (capacity, starts_in, [steps, end].concat()))
}

/// What is sent again, and what it was answered.
struct Sent {
    key: String,
    who: UserId,
    request: Request,
    /// How many invitations there were: what named none of them then must not name one now.
    invitations: usize,
    answer: Answer,
}

struct Run<'a> {
    world: &'a World,
    people: Vec<Person>,
    event: EventSnapshot,
    oracle: Oracle,
    /// The codes of the oracle's invitations, and their ids.
    codes: Vec<(String, String)>,
    sent: Vec<Sent>,
}

impl Run<'_> {
    async fn send(&self, request: &Request, key: &str) -> Answer {
        let event = self.event.id;
        let as_person = |who: usize| self.as_person(&self.people[who]).header("idempotency-key", key);
        let path = |what: &str| format!("/api/v1/events/{event}/{what}");
        match request {
            Request::Join(it) => {
                let mut body = json!({ "party_size": it.size, "at_least": it.at_least });
                if it.answered {
                    body["answers"] = json!({ "q": "yes" });
                }
                if let Some(n) = it.invitation {
                    body["invitation"] = json!(self.codes.get(n).map_or("unknown", |(code, _)| code));
                }
                as_person(it.who).post(&path("join"), body).await
            }
            Request::Leave(who) => as_person(*who).post(&path("leave"), Value::Null).await,
            Request::Claim(who) => as_person(*who).post(&path("claim"), Value::Null).await,
            Request::Keep(who) => as_person(*who).post(&path("keep"), Value::Null).await,
            Request::Answer(who) => as_person(*who).put(&path("answers"), json!({ "answers": { "q": "yes" } })).await,
        }
    }

    /// With a token that is good now: time goes by.
    fn as_person(&self, person: &Person) -> Client {
        self.world.client().as_person(&self.world.people.again(person, Role::User, true))
    }

    /// Sends all at once. They are decided in this order, however many go into one batch; a key that is used twice counts once.
    async fn rush(&mut self, requests: &[Request]) {
        let sendings: Vec<(&Request, String)> = requests.iter().map(|request| (request, key())).collect();
        let twice = sendings.first().filter(|(request, _)| request.has_key());
        let mut answers = join_all(sendings.iter().chain(twice).map(|(request, key)| self.send(request, key))).await;
        if twice.is_some() {
            let again = answers.pop().unwrap();
            if is_kept(&answers[0]) {
                assert_eq!((again.status, &again.body), (answers[0].status, &answers[0].body));
            }
        }
        for ((request, key), answer) in sendings.into_iter().zip(answers) {
            self.check_request(request, &answer);
            if request.has_key() {
                let who = self.people[request.who()].id;
                let invitations = self.codes.len();
                self.sent.push(Sent { key, who, request: request.clone(), invitations, answer });
            }
        }
    }

    fn check_request(&mut self, request: &Request, answer: &Answer) {
        let oracle = &mut self.oracle;
        let decided = match request {
            Request::Join(it) => oracle.join(it).map(Status::name),
            Request::Leave(who) => oracle.leave(*who).map(|()| "left"),
            Request::Claim(who) => oracle.claim(*who).map(Status::name),
            Request::Keep(who) => oracle.keep(*who).map(|()| "kept"),
            Request::Answer(who) => oracle.answer(*who).map(|()| "answered"),
        };
        self.check(decided, answer);
        if let Request::Join(it) = request
            && answer.status == 200
        {
            assert_eq!(answer.json["position"], json!(self.oracle.position(it.who)));
            assert_eq!(answer.json["party_size"], self.oracle.member(it.who).unwrap().size);
        }
    }

    fn check(&self, decided: Result<&str, &str>, answer: &Answer) {
        match decided {
            Ok(status) => {
                assert_eq!(answer.json["status"], status, "{}", answer.json);
                assert_eq!(answer.json["places"], self.oracle.places());
            }
            Err(code) => assert_eq!(answer.code(), code, "{}", answer.json),
        }
    }

    async fn organise(&mut self, step: &Organise) {
        let path = |who: usize, what: &str| format!("participants/{}/{what}", self.people[who].id);
        let oracle = &mut self.oracle;
        let (path, body, decided) = match step {
            Organise::Approve(who) => (path(*who, "approve"), json!({}), oracle.approve(*who).map(Status::name)),
            Organise::Reject(who) => (path(*who, "reject"), json!({}), oracle.reject(*who).map(|()| "rejected")),
            Organise::Remove(who) => {
                (path(*who, "remove"), json!({ "words": "Sorry." }), oracle.remove(*who).map(|()| "removed"))
            }
            Organise::Ban(who) => {
                oracle.ban(*who);
                (path(*who, "ban"), json!({}), Ok("banned"))
            }
            Organise::Unban(who) => {
                oracle.unban(*who);
                (path(*who, "unban"), json!({}), Ok("unbanned"))
            }
            Organise::Pick(who, exceed) => {
                let decided = oracle.pick(*who, *exceed).map(Status::name);
                (path(*who, "admit"), json!({ "exceed_capacity": exceed }), decided)
            }
            Organise::Invite { uses, reserved, minutes } => return self.invite(*uses, *reserved, *minutes).await,
            Organise::Revoke(n) => return self.revoke(*n).await,
        };
        let organiser = self.as_person(&self.world.organiser);
        let answer = organiser.post(&format!("/api/v1/events/{}/{path}", self.event.id), body).await;
        self.check(decided, &answer);
    }

    async fn invite(&mut self, uses: i32, reserved: i32, minutes: Option<i64>) {
        let expires_at = minutes.map(|minutes| self.oracle.now + TimeDelta::minutes(minutes));
        let organiser = self.as_person(&self.world.organiser);
        let body = json!({ "label": "Friends", "uses": uses, "reserved": reserved, "expires_at": expires_at });
        let answer = organiser.post(&format!("/api/v1/events/{}/invitations", self.event.id), body).await;
        match self.oracle.invite(uses, reserved, expires_at) {
            Ok(()) => {
                let text = |field: &str| answer.json[field].as_str().unwrap().to_owned();
                self.codes.push((text("code"), text("id")));
            }
            Err(code) => assert_eq!(answer.code(), code, "{}", answer.json),
        }
    }

    async fn revoke(&mut self, n: usize) {
        let Some((_, id)) = self.codes.get(n) else { return };
        let organiser = self.as_person(&self.world.organiser);
        organiser.delete(&format!("/api/v1/events/{}/invitations/{id}", self.event.id)).await.expect(200);
        if self.oracle.invitations[n].revoked {
            self.oracle.settle();
        } else {
            self.oracle.revoke(n);
        }
    }

    async fn edit(&mut self, change: impl FnOnce(&mut EventSnapshot, &mut Oracle)) {
        if self.event.status != EventStatus::Published {
            return; // nobody is told of a draft that is edited
        }
        change(&mut self.event, &mut self.oracle);
        self.event.version += 1;
        let message = EventChanged { event: self.event.clone(), before: None, overbooking_accepted: true };
        self.world.deliver(&message).await;
        self.oracle.edited();
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Rush(requests) => self.rush(requests).await,
            Step::Again(which) => {
                if !self.sent.is_empty() {
                    let sent = &self.sent[which.index(self.sent.len())];
                    let same = match &sent.request {
                        Request::Join(Join { invitation: Some(n), .. }) => {
                            *n < sent.invitations || *n >= self.codes.len()
                        }
                        _ => true,
                    };
                    if same && is_kept(&sent.answer) && self.people[sent.request.who()].id == sent.who {
                        let again = self.send(&sent.request, &sent.key).await;
                        assert_eq!((again.status, &again.body), (sent.answer.status, &sent.answer.body));
                    }
                }
            }
            Step::Organise(step) => self.organise(step).await,
            Step::Capacity(capacity) => {
                self.edit(|event, oracle| (event.capacity, oracle.capacity) = (*capacity, *capacity)).await;
            }
            Step::Rules(rules) => self.edit(|event, oracle| rules.apply(event, oracle)).await,
            Step::Start(hours) => {
                let starts_at = self.oracle.now + TimeDelta::hours(*hours);
                self.edit(|event, oracle| {
                    (event.starts_at, event.ends_at) = (starts_at, starts_at + TimeDelta::hours(2));
                    oracle.reconfirm_asked &= oracle.starts_at == starts_at;
                    oracle.starts_at = starts_at;
                })
                .await;
            }
            Step::Hold(capacity) => {
                let path = format!("/internal/joins/events/{}/capacity-hold", self.event.id);
                let answer = self.world.client().post(&path, json!({ "capacity": capacity })).await;
                match self.oracle.hold(*capacity) {
                    Ok(()) => assert_eq!(answer.status, 204),
                    Err(code) => assert_eq!(answer.code(), code),
                }
            }
            Step::Release(capacity) => {
                let path = format!("/internal/joins/events/{}/capacity-hold", self.event.id);
                let answer = self.world.client().delete_with(&path, json!({ "capacity": capacity })).await;
                assert_eq!(answer.status, 204);
                self.oracle.release(*capacity);
            }
            Step::Scan(who, comes) => self.scan(*who, *comes).await,
            Step::Wait(seconds) => {
                self.world.clock.advance(TimeDelta::seconds(*seconds));
                self.oracle.now += TimeDelta::seconds(*seconds);
            }
            Step::LookAfter => {
                self.world.job("joins.look_after").await;
                self.oracle.settle();
            }
            Step::AskToReconfirm => {
                self.world.job("joins.ask_to_reconfirm").await;
                self.oracle.ask_to_reconfirm();
            }
            Step::Unpublish => {
                self.world.unpublish(&mut self.event).await;
                self.oracle.status = EventStatus::Draft;
                self.oracle.edited();
            }
            Step::Publish => {
                self.world.publish(&mut self.event).await;
                self.oracle.status = EventStatus::Published;
                self.oracle.edited();
            }
            Step::Forget(who) => {
                self.world.deliver(&UserDeleted { user_id: self.people[*who].id }).await;
                if self.oracle.member(*who).is_some() {
                    let _ = self.oracle.leave(*who);
                }
                self.oracle.banned.retain(|it| it != who);
                self.people[*who] = self.world.people.person("Somebody else");
            }
            Step::Cancel => {
                self.world.cancel(&mut self.event).await;
                self.oracle.status = EventStatus::Cancelled;
                self.oracle.edited();
            }
        }
    }

    /// Whoever has no place by now is not looked for: a device knows nobody else.
    async fn scan(&mut self, who: usize, comes: bool) {
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT line_no FROM joins WHERE event_id = $1 AND user_id = $2 AND status = 'confirmed'",
        )
        .bind(self.event.id)
        .bind(self.people[who].id)
        .fetch_optional(&self.world.pool)
        .await
        .unwrap();
        let expected = self.oracle.scan(who, comes);
        let Some(line_no) = found else { return assert!(!expected) };
        let kind = if comes { "in" } else { "out" };
        let scan = json!({ "id": key(), "line_no": line_no, "kind": kind, "at": self.oracle.now });
        let path = format!("/api/v1/events/{}/door/scans", self.event.id);
        let organiser = self.as_person(&self.world.organiser);
        let answer = organiser.post(&path, json!({ "scans": [scan] })).await.expect(200);
        assert_eq!(answer.json["results"][0]["outcome"] == "accepted", expected, "{}", answer.json);
    }

    async fn compare(&self) {
        type Row = (UserId, i32, Option<i32>, String, i32, Option<DateTime<Utc>>, Option<String>, i32);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT user_id, party_size, at_least, status, passed, due_at, due_for, inside FROM joins
             WHERE event_id = $1 AND status <> 'ended' ORDER BY line_no",
        )
        .bind(self.event.id)
        .fetch_all(&self.world.pool)
        .await
        .unwrap();
        let row = |it: &Member| {
            let (due_at, due_for) = (it.due.and_then(|(at, _)| at), it.due.map(|(_, what)| what.name().to_owned()));
            let at_least = (it.at_least < it.size).then_some(it.at_least);
            let status = it.status.name().to_owned();
            (self.people[it.who].id, it.size, at_least, status, it.passed, due_at, due_for, it.inside)
        };
        assert_eq!(rows, self.oracle.members.iter().map(row).collect::<Vec<_>>());
        let invitations: Vec<(i32, i32)> =
            sqlx::query_as("SELECT uses_left, reserved FROM invitations WHERE event_id = $1 ORDER BY created_at, id")
                .bind(self.event.id)
                .fetch_all(&self.world.pool)
                .await
                .unwrap();
        let left = |it: &Invitation| (it.uses_left, it.reserved);
        let mut expected: Vec<_> = self.oracle.invitations.iter().map(left).collect();
        let mut found = invitations;
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected);
        self.world.assert_sound().await;
    }

    async fn compare_what_is_shown(&self) {
        for (who, person) in self.people.iter().enumerate() {
            let path = format!("/api/v1/events/{}/participation", self.event.id);
            let seen = self.oracle.seen(who);
            let is_there = seen.is_some() || self.oracle.status != EventStatus::Draft;
            let standing = self.as_person(person).get(&path).await.expect(if is_there { 200 } else { 404 }).json;
            if !is_there {
                continue;
            }
            assert_eq!(standing["status"], seen.map_or("none", |it| it.status.name()));
            assert_eq!(standing["position"], json!(seen.and_then(|_| self.oracle.position(who))));
        }
    }
}

impl Request {
    fn who(&self) -> usize {
        match self {
            Self::Join(it) => it.who,
            Self::Leave(who) | Self::Claim(who) | Self::Keep(who) | Self::Answer(who) => *who,
        }
    }

    fn has_key(&self) -> bool {
        matches!(self, Self::Join(_) | Self::Leave(_) | Self::Claim(_))
    }
}

/// Whether the answer comes again under the same key: a refusal that may be over by then does not.
fn is_kept(answer: &Answer) -> bool {
    answer.status == 200 || answer.status == 409
}

impl Rules {
    fn apply(&self, event: &mut EventSnapshot, oracle: &mut Oracle) {
        let before_start = |hours: i64| oracle.starts_at - TimeDelta::hours(hours);
        let question = Question {
            id: "q".to_owned(),
            kind: QuestionKind::Text,
            label: "Why?".to_owned(),
            required: true,
            options: vec![],
        };
        event.registration = Registration {
            access: self.access,
            party_limit: self.party_limit,
            opens_at: self.opens.map(before_start),
            closes_at: self.closes.map(before_start),
            passes: self.passes,
            offer_hours: self.offer_hours,
            offer_minutes: self.offer_minutes,
            reconfirm_hours: self.reconfirm_hours,
            questions: if self.asks { vec![question] } else { vec![] },
            ..Registration::default()
        };
        (oracle.access, oracle.party_limit, oracle.passes) = (self.access, self.party_limit, self.passes);
        (oracle.opens_at, oracle.closes_at) = (event.registration.opens_at, event.registration.closes_at);
        (oracle.offer_hours, oracle.offer_minutes) = (self.offer_hours.into(), self.offer_minutes.into());
        (oracle.asks, oracle.reconfirm_hours) = (self.asks, self.reconfirm_hours.map(i64::from));
        oracle.reconfirm_asked &= self.reconfirm_hours.is_some();
    }
}

async fn run(world: &World, (capacity, starts_in, steps): &History) {
    let starts_at = world.clock.now() + TimeDelta::hours(*starts_in);
    let event = world.event_at(*capacity, starts_at).await;
    let oracle = Oracle::new(world.clock.now(), *capacity, starts_at);
    let people = world.crowd(PEOPLE);
    let mut run = Run { world, people, event, oracle, codes: Vec::new(), sent: Vec::new() };
    for (n, step) in steps.iter().enumerate() {
        let context = format!("step {n}, {step:?}");
        let guard = Context(context);
        run.step(step).await;
        run.compare().await;
        guard.passed();
    }
    run.compare_what_is_shown().await;
}

/// Says in which step it failed.
struct Context(String);

impl Context {
    fn passed(mut self) {
        self.0.clear();
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.0.is_empty() {
            eprintln!("{}", self.0);
        }
    }
}

/// Other histories each time; `HISTORY_SEED` repeats those of a run, `PROPTEST_CASES` says how many there are.
#[test]
fn every_history_goes_as_the_oracle_says() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let mut config = Config { failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 32;
    }
    let seed: u64 = match std::env::var("HISTORY_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => key().parse::<uuid::Uuid>().unwrap().as_u64_pair().1,
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let outcome = TestRunner::new_with_rng(config, rng).run(&history(), |history| {
        runtime.block_on(run(&world, &history));
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("HISTORY_SEED={seed} fails: {failure}");
    }
}

//! Random histories, run against the role and against a model that is too simple to be wrong, and compared after every step.

use chrono::TimeDelta;
use contracts::events::{EventChanged, EventSnapshot, EventStatus};
use futures::future::join_all;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};
use testkit::{Answer, Person};

use crate::support::{World, join, key, leave};

const PEOPLE: usize = 9;

#[derive(Clone, Debug)]
enum Step {
    Join {
        who: usize,
        party: i32,
    },
    Leave {
        who: usize,
    },
    /// Requests that are under way together, and are decided in batches.
    Rush(Vec<Step>),
    Again,
    Capacity(Option<i32>),
    Hold(i32),
    HoldLapses,
    Unpublish,
    Publish,
    Cancel,
}

fn request() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..PEOPLE, 1..=4_i32).prop_map(|(who, party)| Step::Join { who, party }),
        3 => (0..PEOPLE).prop_map(|who| Step::Leave { who }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => request(),
        8 => vec(request(), 2..12).prop_map(Step::Rush),
        2 => Just(Step::Again),
        2 => prop_oneof![6 => (1..9_i32).prop_map(Some), 1 => Just(None)].prop_map(Step::Capacity),
        1 => (0..5_i32).prop_map(Step::Hold),
        1 => Just(Step::HoldLapses),
        1 => Just(Step::Unpublish),
        2 => Just(Step::Publish),
    ]
}

fn history() -> impl Strategy<Value = (Option<i32>, Vec<Step>)> {
    let end =
        prop_oneof![Just(vec![]), Just(vec![Step::Cancel, Step::Join { who: 0, party: 1 }, Step::Leave { who: 1 }])];
    (prop_oneof![6 => (0..8_i32).prop_map(Some), 1 => Just(None)], vec(step(), 1..40), end)
        .prop_map(|(capacity, steps, end)| (capacity, [steps, end].concat()))
}

struct Member {
    who: usize,
    party: i32,
    confirmed: bool,
}

/// Everybody in order of arrival. Whoever comes is put at the end; then whoever is first among those who wait (and are not more than the
/// event has places) gets a place, as long as it fits.
struct Model {
    capacity: Option<i32>,
    hold: Option<i32>,
    status: EventStatus,
    members: Vec<Member>,
}

impl Model {
    fn count(&self, confirmed: bool) -> i32 {
        self.members.iter().filter(|it| it.confirmed == confirmed).map(|it| it.party).sum()
    }

    fn settle(&mut self) {
        if self.status != EventStatus::Published {
            return;
        }
        let limit = [self.capacity, self.hold].into_iter().flatten().min().unwrap_or(i32::MAX);
        // A party that could never fit keeps nobody waiting.
        let hopeless = |it: &Member| self.capacity.is_some_and(|capacity| it.party > capacity);
        while let Some(head) = self.members.iter().position(|it| !it.confirmed && !hopeless(it)) {
            if self.count(true) + self.members[head].party > limit {
                break;
            }
            self.members[head].confirmed = true;
        }
    }

    fn position(&self, who: usize) -> Option<usize> {
        self.members.iter().filter(|it| !it.confirmed).position(|it| it.who == who).map(|n| n + 1)
    }

    fn join(&mut self, who: usize, party: i32) -> Result<(), &'static str> {
        if self.status != EventStatus::Published {
            return Err("event_not_open");
        }
        if self.members.iter().any(|it| it.who == who) {
            return Err("already_joined");
        }
        if self.capacity.is_some_and(|capacity| party > capacity) {
            return Err(if self.capacity == Some(0) { "no_places" } else { "party_too_large" });
        }
        self.members.push(Member { who, party, confirmed: false });
        self.settle();
        Ok(())
    }

    fn leave(&mut self, who: usize) -> Result<(), &'static str> {
        let index = self.members.iter().position(|it| it.who == who).ok_or("not_joined")?;
        self.members.remove(index);
        self.settle();
        Ok(())
    }

    fn places(&self) -> Value {
        json!({ "capacity": self.capacity, "confirmed": self.count(true), "waitlisted": self.count(false), "held": 0 })
    }
}

/// What is sent again, and what it was answered.
struct Sent {
    key: String,
    step: Step,
    answer: Answer,
}

struct Run<'a> {
    world: &'a World,
    people: Vec<Person>,
    event: EventSnapshot,
    model: Model,
    sent: Vec<Sent>,
}

impl Run<'_> {
    async fn send(&self, step: &Step, key: &str) -> Answer {
        let (client, event) = (self.world.client(), self.event.id);
        match step {
            Step::Join { who, party } => {
                join(client, &self.people[*who], event, key, json!({ "party_size": party })).await
            }
            Step::Leave { who } => leave(client, &self.people[*who], event, key).await,
            other => panic!("{other:?} is no request"),
        }
    }

    /// Sends all at once. They are decided in this order, however many go into one batch; a key that is used twice counts once.
    async fn requests(&mut self, steps: &[Step]) {
        let sendings: Vec<(&Step, String)> = steps.iter().map(|step| (step, key())).collect();
        let twice = sendings.iter().chain(sendings.first());
        let mut answers = join_all(twice.map(|(step, key)| self.send(step, key))).await;
        let again = answers.pop().unwrap();
        assert_eq!((again.status, &again.body), (answers[0].status, &answers[0].body));
        for ((step, key), answer) in sendings.into_iter().zip(answers) {
            self.check(step, &answer);
            self.sent.push(Sent { key, step: step.clone(), answer });
        }
    }

    fn check(&mut self, step: &Step, answer: &Answer) {
        let (decided, status) = match *step {
            Step::Join { who, party } => {
                let decided = self.model.join(who, party);
                let position = self.model.position(who);
                if decided.is_ok() {
                    assert_eq!(answer.json["position"], json!(position));
                }
                (decided, if position.is_some() { "waitlisted" } else { "confirmed" })
            }
            Step::Leave { who } => (self.model.leave(who), "left"),
            _ => unreachable!(),
        };
        match decided {
            Ok(()) => {
                assert_eq!(answer.json["status"], status, "{}", answer.json);
                assert_eq!(answer.json["places"], self.model.places());
            }
            Err(code) => assert_eq!(answer.code(), code, "{}", answer.json),
        }
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Join { .. } | Step::Leave { .. } => self.requests(std::slice::from_ref(step)).await,
            Step::Rush(steps) => self.requests(steps).await,
            Step::Again => {
                if let Some(sent) = self.sent.get(self.sent.len() / 2) {
                    let again = self.send(&sent.step, &sent.key).await;
                    assert_eq!((again.status, &again.body), (sent.answer.status, &sent.answer.body));
                }
            }
            Step::Capacity(capacity) => {
                self.event.version += 1;
                self.event.capacity = *capacity;
                let message = EventChanged { event: self.event.clone(), before: None, overbooking_accepted: true };
                self.world.deliver(&message).await;
                self.model.capacity = *capacity;
                if self.model.hold == *capacity {
                    self.model.hold = None;
                }
                self.model.settle();
            }
            Step::Hold(capacity) => {
                let path = format!("/internal/joins/events/{}/capacity-hold", self.event.id);
                let answer = self.world.client().post(&path, json!({ "capacity": capacity })).await;
                let allowed = self.model.count(true) <= *capacity;
                assert_eq!(answer.status.as_u16(), if allowed { 204 } else { 409 });
                if allowed {
                    self.model.hold = Some(self.model.hold.map_or(*capacity, |held| held.min(*capacity)));
                }
            }
            Step::HoldLapses => {
                self.world.clock.advance(TimeDelta::seconds(30));
                self.world.job("joins.settle_lapsed_holds").await;
                if self.model.hold.take().is_some() {
                    self.model.settle();
                }
            }
            Step::Unpublish => {
                self.world.unpublish(&mut self.event).await;
                self.model.status = EventStatus::Draft;
                self.model.drop_hold_like(self.event.capacity);
            }
            Step::Publish => {
                self.world.publish(&mut self.event).await;
                self.model.status = EventStatus::Published;
                self.model.drop_hold_like(self.event.capacity);
                self.model.settle();
            }
            Step::Cancel => {
                self.world.cancel(&mut self.event).await;
                self.model.status = EventStatus::Cancelled;
                self.model.members.clear();
            }
        }
    }

    async fn compare(&self) {
        let rows: Vec<(contracts::UserId, i32, bool)> = sqlx::query_as(
            "SELECT user_id, party_size, status = 'confirmed' FROM joins WHERE event_id = $1 AND status <> 'ended' ORDER BY line_no",
        )
        .bind(self.event.id)
        .fetch_all(&self.world.pool)
        .await
        .unwrap();
        let expected: Vec<_> =
            self.model.members.iter().map(|it| (self.people[it.who].id, it.party, it.confirmed)).collect();
        assert_eq!(rows, expected);
        assert_eq!(self.world.places(self.event.id).await, self.model.places());
        self.world.assert_sound().await;
    }

    async fn compare_what_is_shown(&self) {
        for (who, person) in self.people.iter().enumerate() {
            let standing = self.world.participation(person, self.event.id).await;
            assert_eq!(standing["position"], json!(self.model.position(who)));
        }
    }
}

impl Model {
    fn drop_hold_like(&mut self, capacity: Option<i32>) {
        if self.hold == capacity {
            self.hold = None;
        }
    }
}

#[test]
fn every_history_goes_as_the_model_says() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let mut config = Config { failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 32;
    }
    let outcome = TestRunner::new(config).run(&history(), |(capacity, steps)| {
        runtime.block_on(async {
            let event = world.event(capacity).await;
            let model = Model { capacity, hold: None, status: EventStatus::Published, members: Vec::new() };
            let mut run = Run { world: &world, people: world.crowd(PEOPLE), event, model, sent: Vec::new() };
            for step in &steps {
                run.step(step).await;
                run.compare().await;
            }
            run.compare_what_is_shown().await;
        });
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

//! Look-ups that come at the same time, as one question to the database.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::oneshot;

use crate::problem::Problem;

type Waiting<K, V> = Vec<(K, oneshot::Sender<Result<Option<V>, Problem>>)>;

/// Whoever asks while a question is under way waits for the next one, which takes everybody who has come by then. There is no timer:
/// alone, one is answered as soon as without. Cheap to clone.
#[derive(Debug)]
pub struct Gather<K, V> {
    waiting: Arc<Mutex<Waiting<K, V>>>,
    /// Held by the one who asks for all.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl<K, V> Clone for Gather<K, V> {
    fn clone(&self) -> Self {
        Self { waiting: self.waiting.clone(), turn: self.turn.clone() }
    }
}

impl<K, V> Default for Gather<K, V> {
    fn default() -> Self {
        Self { waiting: Arc::default(), turn: Arc::default() }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Gather<K, V> {
    /// What is known of `key`; `ask` is the question about many keys, and names those that exist. It may be asked by somebody else, and
    /// this one's own may be asked for others.
    ///
    /// # Errors
    /// As `ask` says, to everybody whose key was in the question.
    pub async fn get<F>(&self, key: K, ask: impl Fn(Vec<K>) -> F) -> Result<Option<V>, Problem>
    where
        F: Future<Output = Result<HashMap<K, V>, sqlx::Error>>,
    {
        loop {
            let (reply, mut answer) = oneshot::channel();
            self.lock().push((key.clone(), reply));
            let turn = tokio::select! {
                biased;
                Ok(answer) = &mut answer => return answer,
                turn = self.turn.lock() => turn,
            };
            let all = std::mem::take(&mut *self.lock());
            if !all.is_empty() {
                let found = ask(all.iter().map(|(key, _)| key.clone()).collect()).await.map_err(Problem::from);
                for (key, reply) in all {
                    // Whoever went away needs no answer.
                    let _ = reply.send(found.as_ref().map(|it| it.get(&key).cloned()).map_err(Clone::clone));
                }
            }
            drop(turn);
            // Without an answer, whoever had asked for all went away in the middle of it: again.
            if let Ok(answer) = answer.await {
                return answer;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting<K, V>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    #[derive(Default)]
    struct Counted {
        gather: Gather<u32, u32>,
        questions: AtomicUsize,
    }

    impl Counted {
        /// Even numbers exist, and each question waits for the gate.
        async fn get(&self, key: u32, gate: &Semaphore) -> Result<Option<u32>, Problem> {
            let ask = async |keys: Vec<u32>| {
                self.questions.fetch_add(1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                Ok(keys.into_iter().filter(|key| key % 2 == 0).map(|key| (key, key * 10)).collect())
            };
            self.gather.get(key, ask).await
        }
    }

    #[tokio::test]
    async fn those_who_come_meanwhile_share_the_next_question() {
        let (counted, gate) = (Counted::default(), Semaphore::new(0));
        let first = counted.get(2, &gate);
        let others = join_all((0..100).map(|key| counted.get(key, &gate)));
        let open = async { gate.add_permits(2) };
        let (first, others, ()) = tokio::join!(first, others, open);
        assert_eq!(first.unwrap(), Some(20));
        for (key, answer) in (0..).zip(others) {
            assert_eq!(answer.unwrap(), (key % 2 == 0).then_some(key * 10));
        }
        assert_eq!(counted.questions.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn whoever_asks_for_all_may_go_away() {
        let (counted, gate) = (Counted::default(), Semaphore::new(0));
        let mut first = Box::pin(counted.get(2, &gate));
        let mut second = Box::pin(counted.get(4, &gate));
        assert!(futures::poll!(&mut first).is_pending());
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        gate.add_permits(1);
        assert_eq!(second.await.unwrap(), Some(40));
    }

    #[tokio::test]
    async fn a_failure_is_everybodys() {
        let gather = Gather::<u32, u32>::default();
        let ask = async |_| {
            tokio::task::yield_now().await;
            Err(sqlx::Error::PoolTimedOut)
        };
        let answers = join_all((0..5).map(|key| gather.get(key, ask))).await;
        assert!(answers.iter().all(|it| it.as_ref().is_err_and(|problem| problem.code().status == 503)), "{answers:?}");
    }
}

use super::entry::{Ended, Entry};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::task::yield_now;

/// Processes whose end is remembered.
const REMEMBERED: usize = 256;

/// Every process that the agent has started, by its id.
#[derive(Default)]
pub struct Table {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last_id: u64,
    running: BTreeMap<u64, Arc<Entry>>,
    /// Have ended themselves, while something that they started runs on.
    left: BTreeMap<u64, Arc<Entry>>,
    ended: VecDeque<(u64, Ended)>,
}

/// What is known of a process.
pub enum Known {
    Running(Arc<Entry>),
    Ended(Ended),
}

impl Table {
    /// Adds what `entry` makes of a new id, until it has ended.
    pub fn add(self: &Arc<Self>, entry: impl FnOnce(u64) -> Entry) -> Arc<Entry> {
        let mut state = self.state();
        state.last_id += 1;
        let id = state.last_id;
        drop(state);
        self.insert(entry(id))
    }

    /// Keeps an entry until it has ended.
    pub fn insert(self: &Arc<Self>, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        self.state().running.insert(entry.id, entry.clone());
        tokio::spawn(self.clone().attend(entry.clone()));
        entry
    }

    pub fn running(&self) -> Vec<Arc<Entry>> {
        self.state().running.values().cloned().collect()
    }

    /// Those that have ended themselves, while something that they started runs on.
    pub fn left(&self) -> Vec<Arc<Entry>> {
        self.state().left.values().cloned().collect()
    }

    pub fn find(&self, id: u64) -> Option<Known> {
        let state = self.state();
        let running = state.running.get(&id).cloned().map(Known::Running);
        let ended = || state.ended.iter().find(|(ended, _)| *ended == id);
        running.or_else(|| ended().map(|(_, ended)| Known::Ended(*ended)))
    }

    /// A process, or what it has left behind.
    pub fn tree(&self, id: u64) -> Option<Arc<Entry>> {
        let state = self.state();
        state.running.get(&id).or_else(|| state.left.get(&id)).cloned()
    }

    async fn attend(self: Arc<Self>, entry: Arc<Entry>) {
        let ended = entry.ended().await;
        self.retire(&entry, ended);
        // What can be done now goes first: the word of its end to who waits for that.
        yield_now().await;
        entry.over().await;
        self.state().left.remove(&entry.id);
    }

    fn retire(&self, entry: &Arc<Entry>, ended: Ended) {
        let mut state = self.state();
        state.running.remove(&entry.id);
        state.left.insert(entry.id, entry.clone());
        if state.ended.len() == REMEMBERED {
            state.ended.pop_front();
        }
        state.ended.push_back((entry.id, ended));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }
}

//! Performs what the book says: gives places, and ends the connections that made room.

use super::book::{Book, Bounds, Crowded, Held, Verdict};
use super::known::Known;
use super::source::Source;
use super::unread::Unread;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Connections that made room and are not closed yet; a door that has more of them takes nobody until they are.
const LEAVING_MAX: usize = 32;
/// Between two looks whether they are.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(2);

/// A door's gate. Copies are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    door: &'static str,
    state: Mutex<State>,
}

struct State {
    book: Book,
    known: Known,
    /// How to end each connection that has a place, and those that made room but are not closed yet.
    ends: BTreeMap<u64, CancellationToken>,
    /// Who was refused or made room since the start, by what there was too much of.
    turned_away: BTreeMap<Crowded, u64>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("door", &self.0.door)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// The gate of a door; the name is its label in metrics.
    #[must_use]
    pub fn new(door: &'static str, bounds: Bounds) -> Self {
        Self(Arc::new(Inner {
            door,
            state: Mutex::new(State {
                book: Book::new(bounds),
                known: Known::default(),
                ends: BTreeMap::new(),
                turned_away: BTreeMap::new(),
            }),
        }))
    }

    /// The door's name.
    #[must_use]
    pub fn door(&self) -> &'static str {
        self.0.door
    }

    /// Somebody welcome comes from there: a share of the door is kept for such.
    pub fn remember(&self, source: Source) {
        self.state().known.remember(source);
    }

    /// Somebody knocks.
    ///
    /// # Errors
    /// There is no place for him.
    pub fn arrive(&self, from: Source) -> Result<Arc<Place>, Crowded> {
        let mut state = self.state();
        let known = state.known.knows(from);
        let (number, verdict) = state.book.arrive(from, known);
        state.make_room(verdict)?;
        let gone = CancellationToken::new();
        state.ends.insert(number, gone.clone());
        drop(state);
        Ok(Arc::new(Place {
            gate: self.clone(),
            from,
            number,
            gone,
            unread: Mutex::default(),
        }))
    }

    /// Waits while too many of those who made room are still being closed: until then they hold their descriptors.
    pub async fn settled(&self) {
        while !self.is_settled() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Whether so few are being closed that the next may be taken.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let state = self.state();
        let (waiting, inside) = state.book.standing();
        state.ends.len().saturating_sub(waiting + inside) <= LEAVING_MAX
    }

    /// How many wait, and how many are in.
    #[must_use]
    pub fn standing(&self) -> (usize, usize) {
        self.state().book.standing()
    }

    /// How many bytes of unfinished requests are held, and how many of answers that are not taken.
    #[must_use]
    pub fn held(&self) -> (usize, usize) {
        self.state().book.held()
    }

    /// How many were refused or made room since the start, by what there was too much of.
    #[must_use]
    pub fn turned_away(&self) -> Vec<(Crowded, u64)> {
        let counts = self.state().turned_away.clone();
        counts.into_iter().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Carries a verdict out: whoever makes room is ended.
    fn make_room(&mut self, verdict: Verdict) -> Result<(), Crowded> {
        let (crowded, outcome) = match verdict {
            Verdict::In(None) => return Ok(()),
            Verdict::In(Some((number, crowded))) => {
                if let Some(end) = self.ends.get(&number) {
                    end.cancel();
                }
                (crowded, Ok(()))
            }
            Verdict::Refused(crowded) => (crowded, Err(crowded)),
        };
        *self.turned_away.entry(crowded).or_default() += 1;
        outcome
    }
}

/// A place at a door, given up when dropped.
pub struct Place {
    gate: Gate,
    from: Source,
    number: u64,
    gone: CancellationToken,
    unread: Mutex<Unread>,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({} {})", self.gate.0.door, self.number)
    }
}

impl Place {
    /// The greeting is whole.
    pub fn heard(&self) {
        self.gate.state().book.hear(self.number);
    }

    /// Refused: the place stays taken until it is dropped, though its connection has gone.
    pub fn rest(&self) {
        self.gate.state().book.rest(self.number);
    }

    /// It is known who this is.
    ///
    /// # Errors
    /// There is no place for him inside.
    pub fn enter(&self, holder: &str) -> Result<(), Crowded> {
        let mut state = self.gate.state();
        let verdict = state.book.enter(self.number, &holder.into());
        state.make_room(verdict)
    }

    /// Somebody welcome came from here.
    pub fn remember(&self) {
        self.gate.remember(self.from);
    }

    /// A request is under way until what comes back is dropped.
    #[must_use]
    pub fn at_work(self: &Arc<Self>) -> AtWork {
        self.gate.state().book.begin(self.number);
        AtWork(Arc::clone(self))
    }

    /// So many more bytes are held.
    ///
    /// # Errors
    /// It is too much; they count until they are released all the same.
    pub(super) fn hold(&self, held: Held, bytes: usize) -> Result<(), Crowded> {
        if bytes == 0 {
            return Ok(());
        }
        let mut state = self.gate.state();
        let held = state.book.hold(self.number, held, bytes);
        if let Err(crowded) = held {
            *state.turned_away.entry(crowded).or_default() += 1;
        }
        held
    }

    /// So many bytes are no longer held.
    pub(super) fn release(&self, held: Held, bytes: usize) {
        if bytes > 0 {
            self.gate.state().book.release(self.number, held, bytes);
        }
    }

    /// A request was given up that was not sent in time, or an answer that was not taken.
    pub(super) fn slow(&self) {
        *self
            .gate
            .state()
            .turned_away
            .entry(Crowded::Time)
            .or_default() += 1;
    }

    /// What its caller has not taken.
    pub(super) fn unread(&self) -> MutexGuard<'_, Unread> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when the place was given to another.
    #[must_use]
    pub fn gone(&self) -> &CancellationToken {
        &self.gone
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        state.book.leave(self.number);
        state.ends.remove(&self.number);
    }
}

/// A request under way.
#[derive(Debug)]
pub struct AtWork(Arc<Place>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.gate.state().book.end(self.0.number);
    }
}

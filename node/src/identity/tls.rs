//! TLS 1.3, mutual, checked against revocation lists, exchanged while running.
//!
//! - The crypto provider is passed explicitly everywhere; nothing depends on a process-wide
//!   default.
//! - Sessions are never resumed: a resumed session would skip the certificates.
//! - A revocation list past its date stays in force ([`NodeTls::list_ages`] shows how old each is).
//!   Every issuer on a chain must have one: not knowing is refused.
//! - New material is built and checked before it replaces the old. Open connections go on under
//!   what they began with, except those that the new state would not admit: they are cut.

pub use super::callers::{Below, Caller, Port, Rules, Standing};
use super::chain::{self, PeerIdentity, Trust};
use super::config;
use super::error::IdentityError;
use super::live::{Judge, Live, Ticket};
use super::material::{Material, MaterialError};
use super::profile::TrustDomain;
use super::refusals::{Refusals, Side};
use super::revocation::ListAge;
use super::signing::{Signature, SignatureError, SigningKey};
use super::spent;
use crate::clock::{Clock, SystemClock};
use arc_swap::ArcSwap;
use hotline_topology::Time;
use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::CertificateDer;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// All that is exchanged together.
struct Snapshot {
    server: Arc<ServerConfig>,
    door: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    material: Material,
    own: PeerIdentity,
    rules: Rules,
    key: Result<SigningKey, SignatureError>,
}

/// A node's side of every TLS connection.
pub struct NodeTls {
    domain: TrustDomain,
    clock: Arc<dyn Clock>,
    current: ArcSwap<Snapshot>,
    /// Held while the snapshot is exchanged: two reloads at once must not lose a revocation list.
    exchange: Mutex<()>,
    generation: AtomicU64,
    live: Arc<Live>,
    refusals: Arc<Refusals>,
}

impl fmt::Debug for NodeTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeTls")
            .field("own", &self.own().uri)
            .field("live", &self.live)
            .finish()
    }
}

impl NodeTls {
    /// Starts with the given material.
    ///
    /// A certificate that is expired or revoked does not hinder the start, for a node serves its
    /// citizens without links too; see [`NodeTls::own_problem`].
    ///
    /// # Errors
    /// When the parts do not fit together: the key is another's, the certificate no node's, a file
    /// is broken.
    pub fn new(
        material: Material,
        domain: TrustDomain,
        rules: Rules,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, MaterialError> {
        let snapshot = build(material, &domain, rules, &clock)?;
        let tls = Arc::new(Self {
            domain,
            clock,
            current: ArcSwap::from_pointee(snapshot),
            exchange: Mutex::new(()),
            generation: AtomicU64::new(0),
            live: Arc::default(),
            refusals: Arc::default(),
        });
        tls.warn_of_problems();
        Ok(tls)
    }

    /// Takes new material into use and cuts the connections that it no longer admits; returns how
    /// many.
    ///
    /// Revocation lists only ever get newer: one that the new material lacks, or has in an older
    /// edition, stays.
    ///
    /// # Errors
    /// As for [`NodeTls::new`], and when the certificate is another region's. The old material then
    /// stays in use.
    pub fn reload(&self, mut material: Material) -> Result<usize, MaterialError> {
        let exchanging = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.current.load_full();
        let mut lists = old.material.lists.clone();
        lists.merge(&material.lists);
        material.lists = lists;
        let folder = material.folder.clone();
        let new = build(material, &self.domain, old.rules.clone(), &self.clock)?;
        if new.own.region != old.own.region {
            let why = format!("证书属于 {}，而本节点是 {}", new.own.region, old.own.region);
            return Err(unusable(&folder, why));
        }
        self.current.store(Arc::new(new));
        self.generation.fetch_add(1, Ordering::AcqRel);
        drop(exchanging);
        self.warn_of_problems();
        Ok(self.sweep())
    }

    /// Takes new rules into use, as a new version of the topology brings them, and cuts the
    /// connections that they no longer admit; returns how many.
    pub fn set_rules(&self, rules: Rules) -> usize {
        let exchanging = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.current.load_full();
        self.current.store(Arc::new(Snapshot {
            server: Arc::clone(&old.server),
            door: Arc::clone(&old.door),
            client: Arc::clone(&old.client),
            material: old.material.clone(),
            own: old.own.clone(),
            rules,
            key: old.key.clone(),
        }));
        self.generation.fetch_add(1, Ordering::AcqRel);
        drop(exchanging);
        self.sweep()
    }

    /// Judges every open connection again and cuts those that would not be admitted now, such as
    /// those whose certificate has run out since; returns how many. To be called from time to time.
    pub fn sweep(&self) -> usize {
        let cut = self.with_standing(|standing| self.live.sweep(standing));
        for (peer, error) in &cut {
            tracing::warn!(%peer, reason = error.reason(), "切断连接：{error}");
        }
        cut.len()
    }

    /// This node as its certificate names it.
    #[must_use]
    pub fn own(&self) -> PeerIdentity {
        self.current.load().own.clone()
    }

    /// What is wrong with this node's own certificate, so that peers will refuse it; `None` when
    /// all is well.
    #[must_use]
    pub fn own_problem(&self) -> Option<IdentityError> {
        let chain = self.current.load().material.chain.clone();
        self.with_standing(|standing| chain::verify_chain(&chain, &standing.trust).err())
    }

    /// The chain that this node presents: what a receipt is to be checked against.
    #[must_use]
    pub fn own_chain(&self) -> Vec<CertificateDer<'static>> {
        self.current.load().material.chain.clone()
    }

    /// Signs `message` with the key of the current certificate; see [`super::signing`].
    ///
    /// # Errors
    /// When the key is not of a known kind.
    pub fn sign(&self, message: &[u8]) -> Result<Signature, SignatureError> {
        self.current.load().key.clone()?.sign(message)
    }

    /// Judges a node's chain by what holds now, at `at` or at this moment.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn judge(
        &self,
        chain: &[CertificateDer<'_>],
        at: Option<Time>,
    ) -> Result<PeerIdentity, IdentityError> {
        self.with_standing(|standing| {
            let now = at.unwrap_or(standing.trust.now);
            chain::verify_chain(
                chain,
                &Trust {
                    now,
                    ..standing.trust
                },
            )
        })
    }

    /// The machine's time, by which certificates are judged.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Rises with every exchange of material or rules: what was judged before is to be judged again.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The federation's trust domain.
    #[must_use]
    pub fn domain(&self) -> &TrustDomain {
        &self.domain
    }

    /// The age of each revocation list in force, the oldest first.
    #[must_use]
    pub fn list_ages(&self) -> Vec<ListAge> {
        self.current.load().material.lists.ages(self.clock.now())
    }

    /// How many connections are open.
    #[must_use]
    pub fn live_connections(&self) -> usize {
        self.live.len()
    }

    /// The counters of refused connections.
    #[must_use]
    pub fn refusals(&self) -> &Arc<Refusals> {
        &self.refusals
    }

    pub(super) fn server_config(&self, port: Port) -> Arc<ServerConfig> {
        let current = self.current.load();
        match port {
            Port::Federation => Arc::clone(&current.server),
            Port::Operators => Arc::clone(&current.door),
        }
    }

    pub(super) fn client_config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.current.load().client)
    }

    /// Runs `judge` with what holds at this moment.
    pub(crate) fn with_standing<T>(&self, judge: impl FnOnce(&Standing<'_>) -> T) -> T {
        let current = self.current.load_full();
        judge(&Standing {
            trust: Trust {
                domain: &self.domain,
                roots: &current.material.roots,
                lists: &current.material.lists,
                below: &*current.rules.below,
                now: self.clock.now(),
            },
            own: current.own.region,
            admits: &*current.rules.admits,
        })
    }

    /// Enters a judged connection into the table, then judges once more by what holds by now.
    pub(super) fn enter(&self, peer: String, judge: Judge) -> Result<Ticket, IdentityError> {
        let ticket = self.live.enter(peer, Arc::clone(&judge));
        self.with_standing(|standing| judge(standing))?;
        Ok(ticket)
    }

    /// Counts a refusal; logs at most one line a second for each side.
    pub(super) fn refuse(
        self: &Arc<Self>,
        side: Side,
        peer: &dyn fmt::Display,
        error: &IdentityError,
    ) {
        let Some(rest) = self
            .refusals
            .note(side, peer, error, self.clock.monotonic())
        else {
            return;
        };
        let tls = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(rest).await;
            tls.refusals.tell_rest(side, tls.clock.monotonic());
        });
    }

    /// Destroys private keys of before that stand in the folder, where peers take the one in use, and names in the log
    /// what is left.
    pub fn clear_spent_keys(&self) {
        let good = self.own_problem().is_none();
        let current = self.current.load_full();
        spent::clear(&current.material, good).tell();
    }

    fn warn_of_problems(&self) {
        if let Some(error) = self.own_problem() {
            tracing::error!(
                reason = error.reason(),
                "本节点自己的证书不会被其他节点接受：{error}"
            );
        }
        let door = self.current.load().material.door.clone();
        let judged = door.map(|door| {
            self.with_standing(|standing| chain::verify_door_chain(&door.chain, &standing.trust))
        });
        if let Some(Err(error)) = judged {
            tracing::error!(
                reason = error.reason(),
                "操作端口的证书（door.crt）不会被操作员的程序接受：{error}"
            );
        }
    }
}

fn unusable(folder: &Path, why: impl fmt::Display) -> MaterialError {
    MaterialError::Unusable {
        path: folder.to_owned(),
        why: why.to_string(),
    }
}

/// What a node's material says of itself, where its parts fit together: the key is the certificate's, the certificate a
/// node's of this domain, and there are lists. Whether peers would admit it is another matter.
///
/// # Errors
/// As for [`NodeTls::new`].
pub fn examine(material: &Material, domain: &TrustDomain) -> Result<PeerIdentity, MaterialError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let rules = Rules {
        below: Arc::new(|_, _| true),
        admits: Arc::new(|_| true),
    };
    Ok(build(material.clone(), domain, rules, &clock)?.own)
}

fn build(
    material: Material,
    domain: &TrustDomain,
    rules: Rules,
    clock: &Arc<dyn Clock>,
) -> Result<Snapshot, MaterialError> {
    let folder = &material.folder;
    let first = material
        .chain
        .first()
        .ok_or_else(|| unusable(folder, "没有证书"))?;
    let own = chain::claimed_identity(first, domain).map_err(|error| unusable(folder, error))?;
    // Without any list the TLS library would not look for revoked certificates at all.
    if material.lists.is_empty() {
        return Err(unusable(folder, "没有吊销列表"));
    }
    if let Some(door) = material.door.as_ref().and_then(|door| door.chain.first()) {
        let region = chain::claimed_door(door, domain);
        let region = region.map_err(|error| unusable(folder, format!("door.crt：{error}")))?;
        if region != own.region {
            let why = format!("door.crt 属于 {region}，而本节点是 {}", own.region);
            return Err(unusable(folder, why));
        }
    }
    let made = config::all(&material, clock).map_err(|error| unusable(folder, error))?;
    // A key that cannot sign hinders no start, for a node serves its citizens without links too.
    let key = SigningKey::read(&material.key);
    Ok(Snapshot {
        server: Arc::new(made.server),
        door: Arc::new(made.door),
        client: Arc::new(made.client),
        material,
        own,
        rules,
        key,
    })
}

//! Opening a store: what is trusted, what is mended, what is made again.
//!
//! The order matters. The log is checked against the mark of a clean close before anything is changed. An order to
//! rebuild the view is durable before the marks that gave rise to it change. The view is touched last.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::checkpoint::{self, CHECKPOINT_DIR};
use super::disk::Disk;
use super::keys::{KeySettings, Keys, key_path};
use super::log::{Log, LogSettings, NODE_BYTES_MAX, Verify};
use super::marks::{CleanClose, Marks};
use super::rebuild::{Former, Rebuild};
use super::report::{OpenReport, ViewOutcome};
use super::room;
use super::view::{Guarded, LOST_MAX, View, ViewError, decode_redo};
use super::{CommitNo, Parts, Store, StoreError, StoreSettings, whole};

impl Store {
    /// Opens the store in its folder, or begins one.
    ///
    /// # Errors
    /// Another process has the folder; the log, the key file or a format is refused; an acknowledged commit is
    /// missing after a clean close; a full or failing disk. Nothing is lost by trying.
    pub fn open(settings: StoreSettings, parts: Parts) -> Result<(Self, OpenReport), StoreError> {
        let Parts {
            disk,
            engine,
            fold,
            random,
        } = parts;
        check_settings(&settings)?;
        let dir = settings.dir.clone();
        disk.create_dir(&dir)
            .map_err(|e| StoreError::io("新建数据目录", &dir, e))?;
        let marks = Marks::new(disk.clone(), &dir);
        let lock = marks.lock()?;
        if marks.is_restoring()? {
            return Err(StoreError::HalfRestored { dir });
        }
        if settings.probe {
            room::probe(&*disk, &dir)?;
        }
        name_folder(&*disk, &marks, &dir)?;
        whole::segments_there(&*disk, &marks, &dir)?;
        let clean = marks.clean()?;
        let (log, log_report) = Log::open(
            disk.clone(),
            log_settings(&settings, &*disk, &marks, clean.clone())?,
        )?;
        // A mark of an earlier close that a crash brought back says nothing of what came after it.
        let clean = clean.filter(|clean| clean.commit_no == log_report.last);
        let key_settings = KeySettings {
            path: key_path(&dir),
            node: settings.node.clone(),
            batch: settings.key_batch,
        };
        let slots = whole::slots_presumed(&log.reader(), &log_report, &*fold)?;
        let (keys, key_report) =
            Keys::open_presuming(disk.clone(), &key_settings, log_report.last, slots, random)?;
        let noted = log.segment_first();
        if marks.segment()? != Some(noted) {
            marks.set_segment(noted)?;
        }

        let proven = clean.is_some() || engine.survives_power_cut();
        let distrust = turn_marks(&settings, &marks, proven)?;
        let rebuild = Rebuild {
            disk: &disk,
            engine: &*engine,
            fold: &*fold,
            marks: &marks,
            dir: &dir,
            log: &log.reader(),
            growth: settings.view_growth,
        };
        let (view, outcome, ahead) = match distrust {
            Some(reason) => rebuild.run(reason, Former::Goes)?,
            None => rebuild.keep_or_run()?,
        };
        let view = guarded(view, marks.clone());
        let report = OpenReport {
            clean: clean.is_some(),
            restored: marks.restored()?.is_some(),
            log: log_report,
            keys: key_report,
            view: outcome,
            view_was_ahead: ahead,
        };
        let store = Self {
            log,
            view,
            keys: Arc::new(keys),
            layout: fold.layout(),
            noted,
            pending: Vec::new(),
            failed: None,
            marks,
            upkeep_parts: (disk, fold, settings.checkpoint_memory_bytes),
            dir,
            _lock: lock,
        };
        Ok((store, report))
    }
}

/// A new folder's own name must be durable before anything in it counts.
fn name_folder(disk: &dyn Disk, marks: &Marks, dir: &Path) -> Result<(), StoreError> {
    match dir.parent() {
        Some(parent) if marks.generation()?.is_none() => disk
            .sync_dir(parent)
            .map_err(|e| StoreError::io("新建数据目录", dir, e)),
        _ => Ok(()),
    }
}

/// Goes over from the marks of the former opening to those of this one; returns why the view is to be rebuilt, if it
/// is. That order is durable before the marks that gave rise to it are gone.
fn turn_marks(
    settings: &StoreSettings,
    marks: &Marks,
    proven: bool,
) -> Result<Option<String>, StoreError> {
    let reason = match marks.rebuild()? {
        Some(reason) => Some(reason),
        None => distrust(settings, marks, proven)?,
    };
    if let Some(reason) = &reason {
        marks.set_rebuild(reason)?;
    }
    let boot_id = settings.boot_id.as_deref().unwrap_or_default();
    if marks.boot()?.as_deref() != Some(boot_id) {
        marks.set_boot(boot_id)?;
    }
    marks.clear_clean()?;
    Ok(reason)
}

fn check_settings(settings: &StoreSettings) -> Result<(), StoreError> {
    let len = settings.node.len();
    if (1..=NODE_BYTES_MAX).contains(&len) {
        return Ok(());
    }
    Err(StoreError::BadSetting {
        what: format!("节点键 region 长 {len} 字节，应为 1 至 {NODE_BYTES_MAX} 字节"),
    })
}

fn log_settings(
    settings: &StoreSettings,
    disk: &dyn Disk,
    marks: &Marks,
    clean: Option<CleanClose>,
) -> Result<LogSettings, StoreError> {
    let verify = if settings.verify_whole_log {
        Verify::All
    } else {
        let checkpoints = checkpoint::list(disk, &settings.dir.join(CHECKPOINT_DIR))?;
        Verify::From(checkpoints.last().copied().unwrap_or(0))
    };
    Ok(LogSettings {
        dir: settings.dir.join("log"),
        node: settings.node.clone(),
        epoch: settings.epoch,
        segment_bytes_max: settings.segment_bytes_max,
        verify,
        closed_at: clean.map(|clean| (marks.clean_path(), clean)),
    })
}

/// Why the view cannot be trusted, going by how the machine and the process ended.
fn distrust(
    settings: &StoreSettings,
    marks: &Marks,
    proven: bool,
) -> Result<Option<String>, StoreError> {
    let Some(boot) = marks.boot()? else {
        return Ok(None);
    };
    if proven || settings.boot_id.as_ref().is_some_and(|id| *id == boot) {
        return Ok(None);
    }
    Ok(Some("机器在存储打开期间停机或断电".to_owned()))
}

fn guarded(view: Arc<dyn View>, marks: Marks) -> Arc<dyn View> {
    Arc::new(Guarded::new(view, move |error: &ViewError| {
        // Where even the mark cannot be written, the same failure shows itself again at the next opening.
        let _ = marks.set_rebuild(&error.to_string());
    }))
}

/// The folder of a generation.
pub(super) fn generation_dir(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("view-{generation}"))
}

/// Why the generation at hand will not do.
pub(super) enum Unfit {
    Because(String),
    /// It is whole, but takes too much of the disk.
    Outgrown(String),
    /// The view has commits that the log lost.
    Ahead(CommitNo),
}

impl Unfit {
    /// A full disk says nothing against the view, and another one would need room for two; nor does an engine that
    /// this process opens no more.
    fn because(error: ViewError) -> Result<Self, StoreError> {
        match error {
            ViewError::DiskFull | ViewError::TooManyLost { .. } => Err(error.into()),
            error => Ok(Self::Because(error.to_string())),
        }
    }
}

impl Rebuild<'_> {
    /// Keeps the generation at hand, mended by replay, or makes a new one.
    fn keep_or_run(&self) -> Result<Made, StoreError> {
        let Some(generation) = self.marks.generation()? else {
            return self.run("尚无视图".to_owned(), Former::Goes);
        };
        let (made_by, set) = (&generation.engine, self.engine.name());
        if made_by != set {
            let reason = format!("视图由引擎 {made_by} 写成，现在设的是 {set}");
            return self.run(reason, Former::Stays);
        }
        match self.keep(generation.number)? {
            Ok((view, outcome)) => Ok((view, outcome, None)),
            Err(Unfit::Because(reason)) => self.run(reason, Former::Goes),
            Err(Unfit::Outgrown(reason)) => self.run(reason, Former::Stays),
            Err(Unfit::Ahead(commit_no)) => {
                let last = self.log.last_commit();
                let reason = format!("视图到第 {commit_no} 号，日志只到第 {last} 号");
                let (view, outcome, _) = self.run(reason, Former::Goes)?;
                Ok((view, outcome, Some(commit_no)))
            }
        }
    }

    /// Opens the generation and replays what it lacks, blindly: puts and deletes may be done twice.
    #[expect(
        clippy::type_complexity,
        reason = "the inner answer says why not, the outer one is a failure"
    )]
    fn keep(
        &self,
        generation: u64,
    ) -> Result<Result<(Arc<dyn View>, ViewOutcome), Unfit>, StoreError> {
        // What a crash in the middle of a switch left behind.
        for before in generation.saturating_sub(SKIPPED_MAX)..generation {
            let _ = self.engine.remove(&generation_dir(self.dir, before));
        }
        let risky = self.engine.may_end_the_process();
        if risky {
            // Should it do so, the next opening finds the order and leaves these files alone.
            self.marks.set_rebuild("上次打开视图时进程异常终止")?;
        }
        let opened = self
            .engine
            .open(&generation_dir(self.dir, generation))
            .and_then(|view| {
                let (layout, last) = (view.layout()?, view.last_commit()?);
                Ok((view, layout, last))
            });
        let (view, layout, last) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.unfit(error, risky).map(Err),
        };
        if layout != Some(self.fold.layout()) {
            let found = layout.map_or_else(|| "未写".to_owned(), |layout| layout.to_string());
            let reason = format!("视图的布局编号是 {found}，现在用 {}", self.fold.layout());
            return Ok(Err(Unfit::Because(reason)));
        }
        if last > self.log.last_commit() {
            return Ok(Err(Unfit::Ahead(last)));
        }
        for record in self.log.read_from(last + 1)? {
            let record = record?;
            let Some(redo) = record.redo else {
                let reason = format!("视图停在第 {last} 号，其后的重放部分已归档");
                return Ok(Err(Unfit::Because(reason)));
            };
            let ops = match decode_redo(&redo) {
                Ok((layout, ops)) if layout == self.fold.layout() => ops,
                _ => {
                    let reason = format!("第 {} 号记录的重放部分属于另一种布局", record.no);
                    return Ok(Err(Unfit::Because(reason)));
                }
            };
            if let Err(error) = view.apply(record.no, &ops) {
                return self.unfit(error, risky).map(Err);
            }
        }
        if let Some(reason) = self.outgrown(&*view)? {
            return Ok(Err(Unfit::Outgrown(reason)));
        }
        if risky {
            self.marks.clear_rebuild()?;
        }
        let upto = self.log.last_commit();
        let outcome = if last == upto {
            ViewOutcome::Kept
        } else {
            ViewOutcome::Replayed {
                from: last + 1,
                upto,
            }
        };
        Ok(Ok((view, outcome)))
    }
}

impl Rebuild<'_> {
    /// Where the generation is not to blame, the order that was given in case its opening ends the process goes again.
    fn unfit(&self, error: ViewError, risky: bool) -> Result<Unfit, StoreError> {
        let unfit = Unfit::because(error);
        if risky && unfit.is_err() {
            self.marks.clear_rebuild()?;
        }
        unfit
    }
}

/// Numbers of generations that may be left out, since an engine that never came back has their folders.
const SKIPPED_MAX: u64 = LOST_MAX as u64 + 1;

/// A view ready to work, how it came about, and the commit that it was ahead at, if it was.
pub(super) type Made = (Arc<dyn View>, ViewOutcome, Option<CommitNo>);

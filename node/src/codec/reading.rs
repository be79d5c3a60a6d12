//! Readings: who opened what, and what for.

use super::field::{Field, choice, noun};
use super::form::coded;
use super::malformed::{Malformed, Why};
use hotline_domain::policy::purpose::Purpose;
use hotline_domain::reading::{Entrance, Opened, Reading};
use hotline_proto::record::v1 as pb;
use hotline_topology::UnitKey;
use pb::reading::{self, opened};

coded!(Purpose => pb::Purpose { Handle, CallBack, Petitioner, Supervise, Quality, Audit, Legal });
coded!(Entrance => pb::Entrance { Local, FrontEnd, Remote });

choice!(Opened => reading::Opened [opened: opened::Opened] {
    Texts: reading::Texts { fields },
    File(id),
    Order(id),
});
noun!(Reading => pb::Reading { matter, at: at_ms, who, unit, opened, purpose, entrance });

impl Field<String> for UnitKey {
    fn put(&self) -> String {
        self.as_str().to_owned()
    }

    fn take(content: String, at: &'static str) -> Result<Self, Malformed> {
        UnitKey::new(&content).map_err(|error| Malformed::new(at, Why::Unit(error)))
    }
}

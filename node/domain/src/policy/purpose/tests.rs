use super::*;
use hotline_topology::UnitKey;
use std::collections::BTreeSet;

fn person(roles: &[Role], unit: Option<&str>) -> Actor {
    Actor {
        name: "某".to_owned(),
        roles: roles.to_vec(),
        unit: unit.map(|key| UnitKey::new(key).unwrap()),
    }
}

const OPEN: Readable = Readable {
    content: true,
    petitioner: true,
};
const OVER: Readable = Readable {
    content: true,
    petitioner: false,
};

#[test]
fn a_purpose_is_named_by_its_code_or_its_label() {
    let words: BTreeSet<_> = Purpose::ALL
        .into_iter()
        .flat_map(|purpose| [purpose.code(), purpose.label()])
        .collect();
    assert_eq!(words.len(), 2 * Purpose::ALL.len(), "no word twice");
    for purpose in Purpose::ALL {
        assert_eq!(purpose.code().parse(), Ok(purpose));
        assert_eq!(purpose.label().parse(), Ok(purpose));
    }
    let words = "好奇".parse::<Purpose>().unwrap_err();
    for purpose in Purpose::ALL {
        assert!(words.contains(purpose.code()) && words.contains(purpose.label()));
    }
}

#[test]
fn only_what_is_ones_work_may_be_named_and_the_refusal_lists_it() {
    for purpose in Purpose::ALL {
        for role in Role::ALL {
            let said = permit(&person(&[role], None), purpose);
            assert_eq!(said.is_ok(), purpose.roles().contains(&role));
        }
    }
    let refusal = permit(&person(&[Role::Supervisor], None), Purpose::Handle).unwrap_err();
    assert_eq!(refusal.rule, "reading.purpose-role");
    assert!(refusal.message.contains("督办（supervise）"), "{refusal}");
    assert!(refusal.article.is_some());
    let refusal = owed(&person(&[Role::Clerk], None));
    assert_eq!(refusal.rule, "reading.purpose");
    for said in ["--purpose", "办理（handle）", "本人申请（petitioner）"] {
        assert!(refusal.message.contains(said), "{refusal}");
    }
    assert!(!refusal.message.contains("审计"), "{refusal}");
}

#[test]
fn handling_is_presumed_of_the_unit_that_has_the_matter_and_of_nobody_else() {
    let handler = person(&[Role::Handler], Some("住建局"));
    assert_eq!(presumed(&handler, OPEN), Some(Purpose::Handle));
    assert_eq!(presumed(&handler, OVER), None);
    for role in Role::ALL {
        assert_eq!(presumed(&person(&[role], None), OPEN), None, "{role:?}");
    }
    let two = person(&[Role::Handler, Role::Supervisor], Some("住建局"));
    assert_eq!(presumed(&two, OPEN), None);
}

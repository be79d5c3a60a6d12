//! What was released stays readable: the descriptors of every released version are committed under `proto/released/`,
//! and each is compared with what the `.proto` files say now.
//!
//! ```text
//! wire-<n>     all that travels between nodes: frames, envelopes, payloads
//! record-<n>   all that stands in logs and checkpoints
//! ```
//!
//! Additions are free. Refused is what would make the same bytes mean something else: a field, value or message that is
//! gone, another number, name, type or label, and a field that moved into a `oneof` or out of it.
//!
//! To release a version: raise its constant (`link::WIRE_VERSION`, `codec::commit::RECORD_VERSION`), then run
//! `HOTLINE_RELEASE=wire-3 cargo test -p hotline-proto released` and commit the new file. A file that exists is never
//! written again.

use crate::FILE_DESCRIPTOR_SET;
use prost::Message as _;
use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, MessageDescriptor};
use prost_types::FileDescriptorSet;
use std::path::PathBuf;
use std::{env, fs};

/// The packages of each kind of release.
const WIRE: [&str; 7] = [
    "hotline.attachment.v1",
    "hotline.matter.v1",
    "hotline.leg.v1",
    "hotline.figures.v1",
    "hotline.world.v1",
    "hotline.tally.v1",
    "hotline.link.v1",
];
const RECORD: [&str; 6] = [
    "hotline.matter.v1",
    "hotline.leg.v1",
    "hotline.figures.v1",
    "hotline.world.v1",
    "hotline.tally.v1",
    "hotline.record.v1",
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("released")
}

/// The files of some packages, without comments and places.
fn only(packages: &[&str]) -> Vec<u8> {
    let mut all = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("own descriptors");
    all.file.retain(|file| packages.contains(&file.package()));
    for file in &mut all.file {
        file.source_code_info = None;
    }
    all.encode_to_vec()
}

/// Writes a release that does not exist yet.
fn release(name: &str) {
    let packages = match name.split_once('-') {
        Some(("wire", _)) => &WIRE[..],
        Some(("record", _)) => &RECORD[..],
        _ => return,
    };
    let path = folder().join(format!("{name}.binpb"));
    assert!(!path.exists(), "{name} was released already");
    fs::write(path, only(packages)).expect("a writable source folder");
}

#[test]
fn released_forms_are_never_broken() {
    if let Some(name) = env::var_os("HOTLINE_RELEASE") {
        release(&name.to_string_lossy());
    }
    let now = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("own descriptors");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder()).expect("the releases") {
        let path = entry.expect("a release").path();
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let bytes = fs::read(&path).expect("a release");
        let then = DescriptorPool::decode(bytes.as_slice()).expect("a descriptor set");
        let broken = broken(&then, &now);
        assert!(broken.is_empty(), "breaks {name:?}: {broken:#?}");
        names.extend(name);
    }
    for first in ["wire-1", "record-1"] {
        assert!(names.iter().any(|name| name == first), "{first} is missing");
    }
}

/// What `now` no longer has as it was.
fn broken(then: &DescriptorPool, now: &DescriptorPool) -> Vec<String> {
    let mut broken = Vec::new();
    for message in then.all_messages() {
        match now.get_message_by_name(message.full_name()) {
            Some(today) => fields(&message, &today, &mut broken),
            None => broken.push(format!("{} is gone", message.full_name())),
        }
    }
    for values in then.all_enums() {
        match now.get_enum_by_name(values.full_name()) {
            Some(today) => members(&values, &today, &mut broken),
            None => broken.push(format!("{} is gone", values.full_name())),
        }
    }
    for service in then.services() {
        let today = now.get_service_by_name(service.full_name());
        for method in service.methods() {
            let same = today.as_ref().and_then(|today| {
                today.methods().find(|other| {
                    other.name() == method.name()
                        && other.input().full_name() == method.input().full_name()
                        && other.output().full_name() == method.output().full_name()
                        && other.is_client_streaming() == method.is_client_streaming()
                        && other.is_server_streaming() == method.is_server_streaming()
                })
            });
            if same.is_none() {
                broken.push(format!("{} changed or is gone", method.full_name()));
            }
        }
    }
    broken
}

fn fields(then: &MessageDescriptor, now: &MessageDescriptor, broken: &mut Vec<String>) {
    for field in then.fields() {
        match now.get_field(field.number()) {
            None => broken.push(format!("{} is gone", field.full_name())),
            Some(today) if shape(&today) != shape(&field) => broken.push(format!(
                "{}: was {}, is {}",
                field.full_name(),
                shape(&field),
                shape(&today)
            )),
            Some(_) => {}
        }
    }
}

/// All of a field that its bytes, and what its absence means, hang on.
fn shape(field: &FieldDescriptor) -> String {
    let choice = field
        .containing_oneof()
        .map(|choice| choice.full_name().to_owned());
    format!(
        "{} {} {:?} {:?} {choice:?} {}",
        field.name(),
        field.number(),
        field.cardinality(),
        field.kind(),
        field.supports_presence()
    )
}

fn members(then: &EnumDescriptor, now: &EnumDescriptor, broken: &mut Vec<String>) {
    for value in then.values() {
        let today = now.get_value(value.number());
        if today.as_ref().map(|today| today.name()) != Some(value.name()) {
            broken.push(format!("{} changed or is gone", value.full_name()));
        }
    }
}

#[test]
fn each_kind_of_break_is_seen() {
    let whole = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("own descriptors");
    let now = DescriptorPool::from_file_descriptor_set(whole.clone()).expect("own descriptors");
    // A change of `Ack` in the link's file, or of its lanes, as somebody might make it.
    type Change = fn(&mut prost_types::FileDescriptorProto);
    fn field(
        file: &mut prost_types::FileDescriptorProto,
    ) -> &mut prost_types::FieldDescriptorProto {
        let ack = file
            .message_type
            .iter_mut()
            .find(|message| message.name() == "Ack");
        &mut ack.expect("Ack").field[1]
    }
    let changes: [(&str, Change); 6] = [
        ("renumbered", |file| field(file).number = Some(9)),
        ("renamed", |file| field(file).name = Some("up_to".into())),
        ("retyped", |file| {
            field(file).set_type(prost_types::field_descriptor_proto::Type::Int64)
        }),
        ("repeated", |file| {
            field(file).set_label(prost_types::field_descriptor_proto::Label::Repeated);
        }),
        ("moved into a oneof", |file| {
            field(file).oneof_index = Some(0);
            let ack = file
                .message_type
                .iter_mut()
                .find(|message| message.name() == "Ack");
            ack.expect("Ack")
                .oneof_decl
                .push(prost_types::OneofDescriptorProto {
                    name: Some("choice".into()),
                    options: None,
                });
        }),
        ("a value renumbered", |file| {
            let bye = file
                .message_type
                .iter_mut()
                .find(|message| message.name() == "Bye");
            bye.expect("Bye").enum_type[0].value[1].number = Some(99);
        }),
    ];
    assert!(broken(&now, &now).is_empty());
    for (what, change) in changes {
        let mut changed = whole.clone();
        let file = changed
            .file
            .iter_mut()
            .find(|file| file.package() == "hotline.link.v1");
        change(file.expect("the link's file"));
        let changed = DescriptorPool::from_file_descriptor_set(changed).expect("still a whole");
        assert!(!broken(&now, &changed).is_empty(), "{what} passed");
        // What is only there now is an addition.
        assert!(broken(&changed, &changed).is_empty());
    }
}

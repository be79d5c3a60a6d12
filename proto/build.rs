//! Compiles every `.proto` file under `hotline/` without a protoc on the machine, and writes the descriptor set that
//! server reflection shows. A new file needs no line here.

#![expect(
    clippy::disallowed_macros,
    reason = "what a build script prints is for cargo"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;
use protox::prost_reflect::DescriptorPool;
use protox::prost_reflect::prost_types::FileDescriptorSet;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    collect(&root.join("hotline"), &mut files)?;
    // The order decides nothing but the descriptor set's bytes; those shall not hang on the file system.
    files.sort();

    let descriptors = protox::compile(&files, [&root])?;
    fs::write(
        out.join("hotline_descriptors.bin"),
        descriptors.encode_to_vec(),
    )?;
    fs::write(out.join("numbers.txt"), numbers(&descriptors)?)?;
    tonic_prost_build::configure()
        .include_file("hotline_modules.rs")
        .compile_fds(descriptors)?;
    Ok(())
}

/// Adds the `.proto` files below a folder. Watching the folder itself notices files that come and go.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}

/// One line a field and a value of an enumeration: name, number, type. A test compares it with what was released.
fn numbers(descriptors: &FileDescriptorSet) -> Result<String, Box<dyn Error>> {
    let pool = DescriptorPool::from_file_descriptor_set(descriptors.clone())?;
    let mut lines = Vec::new();
    for message in pool.all_messages() {
        for field in message.fields() {
            let (label, kind) = (field.cardinality(), field.kind());
            let number = field.number();
            lines.push(format!(
                "{} = {number} {label:?} {kind:?}",
                field.full_name()
            ));
        }
    }
    for values in pool.all_enums() {
        for value in values.values() {
            lines.push(format!(
                "{} {} = {}",
                values.full_name(),
                value.name(),
                value.number()
            ));
        }
    }
    lines.retain(|line| line.starts_with("hotline."));
    lines.sort();
    Ok(lines.join("\n") + "\n")
}

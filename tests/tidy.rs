//! What no tool checks: who may import whom, where orderings and `unsafe` may stand, that messages have their ui cases and
//! options their examples, and that nothing grows past comfort.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Literal, Span, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// From the top of the runtime to its bottom: a module imports from those behind it only.
const RUNTIME_ORDER: &[&[&str]] = &[
    &["lib"],
    &["private"],
    &["testing", "map", "dogpile"],
    &["probed"],
    &["call_async"],
    &["call", "table"],
    &["failing"],
    &["flight"],
    &["evict"],
    &["wait", "pool", "timer", "timeout"],
    &["stats"],
    &["slot"],
    &["policy", "era", "chance"],
    &["clock"],
    &["sync"],
    &["key"],
];

/// The same of the macros. `args` has the table of options, `value` their readers: one stage in two files.
const MACROS_ORDER: &[&[&str]] = &[
    &["lib"],
    &["expand", "fallback"],
    &["model"],
    &["args", "value", "item"],
    &["attrs", "scan", "duration", "percent"],
    &["errors"],
];

const MOST_LINES_OF_A_FILE: usize = 440;
const MOST_LINES_OF_A_FUNCTION: usize = 55;

struct Source {
    path: PathBuf,
    text: String,
    file: syn::File,
}

impl Source {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text, file }
    }

    /// `src/slot/hazard.rs` belongs to the module `slot`.
    fn module(&self) -> String {
        let mut parts = self.path.iter().skip_while(|part| *part != "src").skip(1);
        let first = Path::new(parts.next().expect("a file in `src`"));
        first.file_stem().expect("a name").to_string_lossy().into_owned()
    }
}

/// All Rust files below a directory of the workspace.
fn sources(directory: &str) -> Vec<Source> {
    fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
        let entries = directory.read_dir().unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        for entry in entries {
            let path = entry.expect("a directory entry").path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join(directory), &mut found);
    found.sort();
    assert!(!found.is_empty(), "no sources in {directory}");
    found.into_iter().map(Source::read).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The two other crates are not in the package of this one; there, nothing is left to check.
fn has_workspace() -> bool {
    let is_there = root().join("dogpile-runtime/src").is_dir();
    if !is_there {
        println!("tidy: not in the workspace, nothing checked");
    }
    is_there
}

fn our_sources() -> Vec<Source> {
    ["src", "dogpile-macros/src", "dogpile-runtime/src"].into_iter().flat_map(sources).collect()
}

/// Every complaint at once.
fn report(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

/// Whether it stands behind `cfg(test)`, or `cfg(all(test, …))`.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let condition = list.tokens.to_string().replace(' ', "");
        attribute.path().is_ident("cfg") && (condition == "test" || condition.starts_with("all(test,"))
    })
}

/// The modules named behind `crate::`, tests aside.
struct Imports(Vec<(String, Span)>);

impl Imports {
    fn add(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (i, token) in tokens.iter().enumerate() {
            match (token, tokens.get(i + 1), tokens.get(i + 3)) {
                (TokenTree::Group(group), ..) => self.add(group.stream()),
                (TokenTree::Ident(root), Some(TokenTree::Punct(_)), Some(TokenTree::Ident(module)))
                    if root == "crate" =>
                {
                    self.0.push((module.to_string(), module.span()));
                }
                _ => {}
            }
        }
    }
}

fn imports_out_of_order(directory: &str, order: &[&[&str]]) -> Vec<String> {
    let rank = |module: &str| order.iter().position(|level| level.contains(&module));
    let mut complaints = Vec::new();
    for source in sources(directory) {
        let module = source.module();
        let Some(own) = rank(&module) else {
            complaints.push(format!("{}: `{module}` has no place in the order", source.path.display()));
            continue;
        };
        let mut imports = Imports(Vec::new());
        for item in &source.file.items {
            match item {
                syn::Item::Mod(module) if is_test(&module.attrs) => {}
                item => imports.add(source_tokens(&source, item.span())),
            }
        }
        for (imported, span) in imports.0 {
            // Names that `lib` re-exports, and examples in strings, are no modules.
            if let Some(other) =
                rank(&imported).filter(|&other| other < own || (other == own && imported == "lib"))
            {
                let line = span.start().line;
                complaints.push(format!(
                    "{}:{line}: `{module}` (level {own}) imports from `{imported}` (level {other})",
                    source.path.display()
                ));
            }
        }
    }
    complaints
}

/// The tokens of an item, without its documentation.
fn source_tokens(source: &Source, span: Span) -> TokenStream {
    let (start, end) = (span.start().line, span.end().line);
    let lines = source.text.lines().skip(start - 1).take(end + 1 - start);
    lines.collect::<Vec<_>>().join("\n").parse().unwrap_or_default()
}

#[test]
fn modules_import_downwards_only() {
    if has_workspace() {
        let mut complaints = imports_out_of_order("dogpile-runtime/src", RUNTIME_ORDER);
        complaints.extend(imports_out_of_order("dogpile-macros/src", MACROS_ORDER));
        report(&complaints);
    }
}

const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

/// Where atomics are used, and nowhere else: the frozen clock is for tests, `lib` and `sync` have the models'.
const ATOMIC: [&str; 8] = ["era", "flight", "evict", "slot", "stats", "clock", "sync", "lib"];

#[test]
fn every_ordering_has_a_comment() {
    if !has_workspace() {
        return;
    }
    let mut complaints = Vec::new();
    let mut seen = 0;
    for source in sources("dogpile-runtime/src") {
        let lines: Vec<_> = source.text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let used = ORDERINGS.iter().filter(|ordering| line.contains(&format!("Ordering::{ordering}")));
            for ordering in used {
                seen += 1;
                let place = format!("{}:{}", source.path.display(), number + 1);
                if !ATOMIC.contains(&source.module().as_str()) {
                    complaints.push(format!("{place}: no place for atomics"));
                }
                let before = &lines[number.saturating_sub(8)..number];
                let is_explained = before.iter().any(|line| {
                    line.trim_start().starts_with("//") && ORDERINGS.iter().any(|name| line.contains(name))
                }) || source.text.contains(&format!("{ordering} throughout"));
                if !is_explained {
                    complaints.push(format!("{place}: `{ordering}` without a comment"));
                }
            }
        }
    }
    assert!(seen > 30, "only {seen} orderings found");
    report(&complaints);
}

/// Functions and their lengths.
struct Lengths(Vec<(String, usize)>);

impl<'ast> Visit<'ast> for Lengths {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig.ident, function.block.span());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig.ident, function.block.span());
        visit::visit_impl_item_fn(self, function);
    }
}

impl Lengths {
    fn add(&mut self, name: &syn::Ident, block: Span) {
        self.0.push((name.to_string(), block.end().line + 1 - block.start().line));
    }
}

#[test]
fn files_and_functions_stay_within_comfort() {
    if !has_workspace() {
        return;
    }
    let mut complaints = Vec::new();
    for source in our_sources().into_iter().chain(["examples", "tests"].into_iter().flat_map(sources)) {
        let path = source.path.display();
        let lines = source.text.lines().count();
        if lines > MOST_LINES_OF_A_FILE {
            complaints.push(format!("{path}: {lines} lines"));
        }
        let mut lengths = Lengths(Vec::new());
        lengths.visit_file(&source.file);
        let long = lengths.0.into_iter().filter(|(_, lines)| *lines > MOST_LINES_OF_A_FUNCTION);
        complaints.extend(long.map(|(name, lines)| format!("{path}: `{name}` has {lines} lines")));
    }
    report(&complaints);
}

#[test]
fn unsafe_stands_in_the_slot_alone_and_nothing_is_left_undone() {
    if !has_workspace() {
        return;
    }
    let mut forbidden: Vec<_> = ["todo", "unimplemented", "dbg"].map(|name| format!("{name}!(")).into();
    forbidden.push(["#[", "ignore"].concat());
    let mut complaints = Vec::new();
    for source in our_sources().into_iter().chain(["examples", "tests/it"].into_iter().flat_map(sources)) {
        let path = source.path.display();
        let is_slot = source.path.components().any(|part| part.as_os_str() == "slot");
        if source.text.contains("unsafe {") && !is_slot {
            complaints.push(format!("{path}: `unsafe`"));
        }
        let left = forbidden.iter().filter(|word| source.text.contains(*word));
        complaints.extend(left.map(|word| format!("{path}: `{word}`")));
    }
    for file in ["src/lib.rs", "dogpile-macros/src/lib.rs"] {
        let text = fs::read_to_string(root().join(file)).expect("a crate root");
        assert!(text.contains("#![forbid(unsafe_code)]"), "{file} does not forbid unsafe code");
    }
    report(&complaints);
}

/// The string literals of a file that are complaints to a user, tests aside.
fn messages(source: &Source) -> Vec<String> {
    fn collect(tokens: TokenStream, found: &mut Vec<String>) {
        let mut previous = None;
        for token in tokens {
            match &token {
                // Attributes hold documentation and reasons.
                TokenTree::Group(_) if matches!(&previous, Some(TokenTree::Punct(punct)) if punct.as_char() == '#') =>
                    {}
                TokenTree::Group(group) => collect(group.stream(), found),
                TokenTree::Literal(literal) => found.extend(text_of(literal)),
                _ => {}
            }
            previous = Some(token);
        }
    }
    let mut found = Vec::new();
    for item in &source.file.items {
        if !matches!(item, syn::Item::Mod(module) if is_test(&module.attrs)) {
            collect(source_tokens(source, item.span()), &mut found);
        }
    }
    found.retain(|text| text.contains(' ') && text.len() >= 12);
    found
}

fn text_of(literal: &Literal) -> Option<String> {
    syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value())
}

/// What stays the same of a format string, whatever is put into it.
fn fixed_parts(format: &str) -> Vec<&str> {
    let outside = format.split('{').map(|part| part.rsplit('}').next().unwrap_or_default());
    outside.flat_map(|part| part.split('\n')).filter(|part| part.trim().len() >= 4).collect()
}

/// Strings of the macros that are no messages.
const NO_MESSAGES: &[&str] = &[
    // The documentation of a handle, and of the original.
    "The values of `",
    "`{}`, uncached.",
    // The compiler's own parser refuses such a function before any attribute sees it.
    "expected the body of the function",
];

#[test]
fn every_message_has_its_ui_case() {
    if !has_workspace() {
        return;
    }
    let recorded: Vec<_> = root()
        .join("tests/ui/fail")
        .read_dir()
        .expect("tests/ui/fail")
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "stderr"))
        .map(|path| fs::read_to_string(path).expect("a recorded message"))
        .collect();
    let mut complaints = Vec::new();
    let mut seen = 0;
    for source in sources("dogpile-macros/src") {
        for message in messages(&source) {
            if NO_MESSAGES.iter().any(|other| message.starts_with(other)) {
                continue;
            }
            seen += 1;
            let parts = fixed_parts(&message);
            let is_recorded = |text: &&String| parts.iter().all(|part| text.contains(part.trim()));
            if parts.is_empty() || !recorded.iter().any(|text| is_recorded(&text)) {
                complaints.push(format!("{}: no ui case has `{message}`", source.path.display()));
            }
        }
    }
    assert!(seen > 60, "only {seen} messages found");
    report(&complaints);
}

#[test]
fn every_option_is_documented_and_has_its_example() {
    if !has_workspace() {
        return;
    }
    let args = fs::read_to_string(root().join("dogpile-macros/src/args.rs")).expect("args.rs");
    let options: Vec<_> = args
        .lines()
        .filter_map(|line| line.trim().strip_prefix("name: \"")?.strip_suffix("\",").map(str::to_owned))
        .collect();
    assert!(options.len() >= 10, "only these options found: {options:?}");
    let tables = ["README.md", "dogpile-macros/src/lib.rs"]
        .map(|file| fs::read_to_string(root().join(file)).expect(file));
    let examples: Vec<_> =
        ["examples", "src"].into_iter().flat_map(sources).map(|source| source.text).collect();
    let mut complaints = Vec::new();
    for option in options {
        let rows = [format!("| `{option}` |"), format!("| `{option}(…)` |")];
        if !tables.iter().all(|table| rows.iter().any(|row| table.contains(row))) {
            complaints.push(format!("`{option}` is missing in an option table"));
        }
        let forms = [format!("{option} = "), format!("{option}(")];
        if !examples.iter().any(|text| forms.iter().any(|form| text.contains(form))) {
            complaints.push(format!("`{option}` has no example"));
        }
    }
    report(&complaints);
}

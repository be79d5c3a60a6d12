//! `shown!`: a template whose literal is trusted and whose every argument goes through the filter.

mod pieces;

use pieces::{Piece, pieces};
use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// Like `format!`, but the outcome is a `hotline_show::Text`: what the literal says stands as it is, and whatever fills a
/// placeholder is shown by `hotline_show::Show`, which lets no control or direction character and no line break through.
/// Placeholders are written as for `format!`: `{}`, `{0}`, `{name}`, `{name:>8}`, `{name:?}`.
#[proc_macro]
pub fn shown(input: TokenStream) -> TokenStream {
    expand(input).unwrap_or_else(|(span, words)| {
        let mut message = Literal::string(&words);
        message.set_span(span);
        let message = group(
            Delimiter::Parenthesis,
            [TokenTree::from(message)].into_iter().collect(),
        );
        let mut out: TokenStream = "::std::compile_error!".parse().unwrap_or_default();
        out.extend([message]);
        out
    })
}

type Fault = (Span, String);

/// An argument after the literal.
struct Argument {
    name: Option<String>,
    value: TokenStream,
}

fn expand(input: TokenStream) -> Result<TokenStream, Fault> {
    let mut tokens = input.into_iter();
    let literal = literal(tokens.next())?;
    let span = literal.span();
    let source = literal.to_string();
    let inner = source
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or_else(|| (span, "shown! needs a plain string literal".to_owned()))?;
    match tokens.next() {
        None => {}
        Some(TokenTree::Punct(comma)) if comma.as_char() == ',' => {}
        Some(other) => return Err((other.span(), "expected a comma".to_owned())),
    }
    let arguments = arguments(tokens.collect());
    let mut used = vec![false; arguments.len()];
    let mut body = code("let mut shown_text = ::hotline_show::Text::new();");
    let mut next = 0;
    for piece in pieces(inner).map_err(|words| (span, words))? {
        match piece {
            Piece::Literal(text) => {
                let text: TokenTree = format!("\"{text}\"")
                    .parse::<Literal>()
                    .map_err(|error| (span, error.to_string()))?
                    .into();
                body.extend(code("shown_text.say"));
                body.extend([group(Delimiter::Parenthesis, text.into())]);
            }
            Piece::Hole { name, spec } => {
                let place = place(&name, &arguments, &mut next).map_err(|words| (span, words))?;
                let value: TokenStream = match place {
                    Place::Argument(at) => {
                        used[at] = true;
                        code(&format!("shown_arguments.{at}"))
                    }
                    Place::Captured => {
                        let name = TokenTree::from(Ident::new(&name, span));
                        code("&").into_iter().chain([name]).collect()
                    }
                };
                body.extend(show(value, &spec));
            }
        }
        body.extend([TokenTree::from(Punct::new(';', Spacing::Alone))]);
    }
    if used.contains(&false) {
        return Err((span, "an argument is not used".to_owned()));
    }
    body.extend(code("shown_text"));
    Ok(bound(arguments, body))
}

/// `match (&(first), &(second),) { shown_arguments => { body } }`: each argument is evaluated once, and what it borrows
/// from lives as long as the body.
fn bound(arguments: Vec<Argument>, body: TokenStream) -> TokenStream {
    let mut tuple = TokenStream::new();
    for argument in arguments {
        tuple.extend(code("&"));
        tuple.extend([group(Delimiter::Parenthesis, argument.value)]);
        tuple.extend(code(","));
    }
    let mut arm = code("shown_arguments =>");
    arm.extend([group(Delimiter::Brace, body)]);
    let mut out = code("match");
    out.extend([
        group(Delimiter::Parenthesis, tuple),
        group(Delimiter::Brace, arm),
    ]);
    let mut block = code("use ::hotline_show::Show as _;");
    block.extend(out);
    // In braces, so that it is an expression wherever a value may stand.
    let mut whole = code("#[allow(unused_imports, unused_variables)]");
    whole.extend([group(Delimiter::Brace, block)]);
    group(Delimiter::Brace, whole).into()
}

fn show(value: TokenStream, spec: &str) -> TokenStream {
    let value = if spec.is_empty() {
        value
    } else {
        let mut inner =
            TokenStream::from(TokenTree::from(Literal::string(&format!("{{:{spec}}}"))));
        inner.extend(code(","));
        inner.extend(value);
        let mut out = code("::std::format_args!");
        out.extend([group(Delimiter::Parenthesis, inner)]);
        out
    };
    let mut out: TokenStream = group(Delimiter::Parenthesis, value).into();
    out.extend(code(".show_in(&mut shown_text)"));
    out
}

enum Place {
    Argument(usize),
    Captured,
}

fn place(name: &str, arguments: &[Argument], next: &mut usize) -> Result<Place, String> {
    let at = if name.is_empty() {
        *next += 1;
        *next - 1
    } else if let Ok(at) = name.parse() {
        at
    } else {
        let named = |one: &Argument| one.name.as_deref() == Some(name);
        return Ok(match arguments.iter().position(named) {
            Some(at) => Place::Argument(at),
            None => Place::Captured,
        });
    };
    if at < arguments.len() {
        Ok(Place::Argument(at))
    } else {
        Err(format!("there is no argument {at}"))
    }
}

fn literal(token: Option<TokenTree>) -> Result<Literal, Fault> {
    match token {
        Some(TokenTree::Literal(literal)) => Ok(literal),
        // A literal that a macro handed on comes in an invisible group.
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::None => {
            literal(group.stream().into_iter().next())
        }
        Some(other) => Err((
            other.span(),
            "shown! begins with a string literal".to_owned(),
        )),
        None => Err((
            Span::call_site(),
            "shown! begins with a string literal".to_owned(),
        )),
    }
}

/// Splits at commas; those in brackets are inside a token already, those between `<` and `>` do not occur in arguments
/// that are values, except in turbofish, which is to be put in parentheses.
fn arguments(tokens: Vec<TokenTree>) -> Vec<Argument> {
    let is =
        |token: &TokenTree, sign| matches!(token, TokenTree::Punct(it) if it.as_char() == sign);
    tokens
        .split(|token| is(token, ','))
        .filter(|part| !part.is_empty())
        .map(|part| match part {
            [TokenTree::Ident(name), TokenTree::Punct(sign), rest @ ..]
                if sign.as_char() == '=' && sign.spacing() == Spacing::Alone =>
            {
                Argument {
                    name: Some(name.to_string()),
                    value: rest.iter().cloned().collect(),
                }
            }
            part => Argument {
                name: None,
                value: part.iter().cloned().collect(),
            },
        })
        .collect()
}

fn code(text: &str) -> TokenStream {
    text.parse().unwrap_or_default()
}

fn group(delimiter: Delimiter, inner: TokenStream) -> TokenTree {
    Group::new(delimiter, inner).into()
}

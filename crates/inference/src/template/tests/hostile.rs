//! Templates that want to spend time or memory, and honest ones that look alike.

use super::*;

#[test]
fn hostile_templates_are_refused() {
    let add = "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ";
    let doubled = [
        "ns.x + ns.x",
        "[ns.x, ns.x] | sum(start=[])",
        "ns.x | chain(ns.x)",
        "(ns.x + (1, 2)) + (ns.x + (1, 2))",
        "[ns.x, ns.x]",
        "(ns.x, ns.x)",
        "{'a': ns.x, 'b': ns.x}",
        "ns.x | zip(ns.x) | list",
    ]
    .map(|sum| format!("{add}{sum} %}}{{% endfor %}}{{{{ ns.x | length }}}}{{{{ ns.x }}}}"));
    for source in doubled {
        let text = refusal(&source, &[user("hello")]);
        assert!(text.starts_with("the chat template"), "{source}: {text}");
    }
    let endless = "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}";
    let nested = "{% if true %}".repeat(5000);
    let deep_expression = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    for source in [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(999999999999) %}x{% endfor %}",
        "{{ 'x' * 99999999999 }}",
        "{{ '%0999999999d' | format(1) }}",
        "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(64) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(99000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(20000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x={}) %}{% for i in range(20000) %}{% set ns.x = {'a': ns.x} %}{% endfor %}{{ ns.x | tojson }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(20000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x == ns.x | list }}",
        "{% for i in range(3000) %}{{ messages[0].content * 99 }}{% endfor %}",
        endless,
        "{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}",
        nested.as_str(),
        deep_expression.as_str(),
        "{{ open('/etc/passwd') }}",
        "{{ debug() }}",
        "{% include 'other' %}",
        "{{ ''.__class__.__mro__ }}{{ cycler.__init__.__globals__.os.popen('id') }}",
        "{{ strftime_now('%Y') }}",
        "{{ raise_exception('no\u{7}t\nthis') }}",
        "{% if",
        "{{ messages[0].content.nonsense() }}",
    ] {
        let text = refusal(source, &[user("hello")]);
        let start: String = source.chars().take(60).collect();
        assert!(
            text.starts_with("the chat template of the model `some-model`"),
            "{start}: {text}"
        );
        assert!(!text.contains(char::is_control), "{start}: {text}");
    }
    let long = " ".repeat(300 * 1024);
    assert!(refusal(&long, &[user("hello")]).contains("bytes"));
}

/// Runs a template alone; the output's length and the steps it took.
fn run(source: &str) -> Result<(usize, u64), String> {
    let sandbox = Sandbox::new(source, SpecialTokens::default()).map_err(Fault::reason)?;
    let messages = [(Speaker::User, "hello".to_owned())];
    let written = sandbox.run(&messages, true, None).map_err(Fault::reason)?;
    Ok((written.output.len(), written.steps))
}

/// What multiplies a size or walks a value: each ends with an error, or with little written in few steps.
const HOSTILE: [&str; 62] = [
    // Widths and precisions.
    "{{ '{:>999999999}'.format(1) }}",
    "{{ '{0:>4000}{0:>4000}{0:>99999}'.format(1) }}",
    "{{ '{:0>18446744073709551616}'.format(1) }}",
    "{{ '{:.999999999f}'.format(1.5) }}",
    "{{ '{:{}}'.format(1, 999999999) }}",
    "{{ ('{:>4000}' * 20000).format(1) }}",
    "{{ ('{0}' * 60000).format('x' * 100000) }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%999999999d' | format(1) }}",
    "{{ '%.999999999f' | format(1.5) }}",
    "{{ '%-999999999s' | format('x') }}",
    "{{ '%(a)999999999s' | format(a='x') }}",
    "{{ '%*d' | format(999999999, 1) }}",
    "{{ ('%4000d' * 20000) | format(1) }}",
    "{{ ['%999999999d'] | map('format', 1) | list }}",
    // Texts.
    "{{ 'x' * 999999999 }}",
    "{{ 999999999 * 'x' }}",
    "{{ 'x'.center(999999999) }}",
    "{{ 'x'.ljust(999999999) }}{{ 'x'.rjust(999999999) }}{{ 'x'.zfill(999999999) }}",
    "{{ 'x' | center(999999999) }}",
    "{{ 'x\nx' | indent(999999999) }}",
    "{{ 'x\nx' | indent(width=999999999, first=true) }}",
    "{{ 'x' | wordwrap(1, wrapstring='x' * 100000) }}",
    "{{ ('x' * 100000) | replace('', 'y' * 100000) }}",
    "{{ ('x' * 100000).replace('x', 'y' * 100000) }}",
    "{{ range(20000) | join('x' * 100000) }}",
    "{{ ('x' * 100000).join(range(20000) | map('string')) }}",
    "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(64) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{% set ns = namespace(x='xxxxxxxx') %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set ns = namespace(x='<') %}{% for i in range(64) %}{% set ns.x = ns.x | e %}{% endfor %}{{ ns.x | length > 9999999 }}",
    "{% set x = 'x' * 900000 %}{% for i in range(90000) %}{{ x.strip(x) | length }}{% endfor %}",
    "{% set x = 'x' * 900000 %}{% for i in range(90000) %}{{ (x | trim(x)) | length }}{% endfor %}",
    "{% set x = 'x' * 900000 %}{% for i in range(90000) %}{{ x is upper }}{% endfor %}",
    "{% set x = 'x' * 900000 %}{% set y = 'x' * 900000 %}{% for i in range(90000) %}{% if x == y %}{% endif %}{% endfor %}",
    "{% set x = 'x' * 900000 %}{% for i in range(90000) %}{% set y = x.split('') %}{% endfor %}",
    "{% set x = 'x' * 900000 %}{% for i in range(90000) %}{% set y = strftime_now(x) %}{% endfor %}",
    // Lists and maps.
    "{{ [1] * 999999999 }}",
    "{% set x = [1] %}{{ (x * 999999999) | length }}",
    "{% if [[1] * 99999999] == [[1] * 99999999] %}{% endif %}",
    "{{ (1, 2) * 999999999 }}",
    "{% for i in range(0, 999999999) %}{% endfor %}",
    "{{ range(99999) | batch(999999999, 'x') | list }}",
    "{{ [1] | batch(999999999, 'x') | list }}",
    "{{ [1] | slice(999999999, 'x') | list }}",
    "{{ [1] | tojson(indent=999999999) }}{{ ([['x' * 900000] ] | tojson) | length }}{{ 9 // 0 }}",
    "{% set ns = namespace(x=['x' * 900000]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set s = 'x' * 100000 %}{{ [s, s, s, s, s, s, s, s, s, s, s, s] }}",
    "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = dict(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = dict({'a': ns.x}, b=ns.x) %}{% endfor %}{{ ns.x | tojson }}",
    "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = namespace(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=1) %}{% for i in range(99) %}{% set ns.x = ([ns.x] | batch(2, ns.x) | list) %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(99000) %}{% set ns.x = dict(a=ns.x) %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=[1]) %}{% for i in range(9000) %}{% set ns.x = ns.x[0:] %}{{ ns.x | length }}{% endfor %}{% for i in range(99999) %}{{ ns.x }}{% endfor %}",
    "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
    "{% set ns = namespace() %}{% set ns.x = [{'a': ns}] %}{{ ns | tojson }}",
    "{% set ns = namespace() %}{% set ns.x = ns.items() %}{{ ns }}",
    "{% set ns = namespace() %}{% for i in [ns] %}{% set ns.x = loop %}{% endfor %}{{ ns }}",
    "{% set x = range(19000) | list %}{% set y = range(19000) | list %}{% for i in range(90000) %}{% if [x] == [y] %}{% endif %}{% endfor %}",
    "{% set x = range(9000) | list %}{% set y = range(9000) | list %}{% for i in range(90000) %}{% if 1 < 2 == ([x] == [y]) %}{% endif %}{% endfor %}",
    "{% set x = (range(19000) | list, 1) %}{% set m = {'a': 1, 'b': 2} %}{% for i in range(90000) %}{{ m[x] }}{% endfor %}",
    "{% set x = (range(9000) | list, 1) %}{% set m = [{'a': 1, 'b': 2}] * 9000 %}{{ m | map(attribute=x) | list }}",
    "{% for i in range(90000) %}{% if loop.changed(messages) %}{% endif %}{% endfor %}",
];

#[test]
fn what_multiplies_a_size_ends_with_an_error_or_little() {
    for source in HOSTILE {
        match run(source) {
            Err(reason) => assert!(!reason.is_empty(), "{source}"),
            Ok((bytes, steps)) => {
                assert!(bytes <= 64 * 1024, "{source}: {bytes} bytes");
                assert!(steps <= FUEL / 2, "{source}: {steps} steps");
            }
        }
    }
    // What takes long to compile.
    let sum = format!("{{{{ x{} }}}}", "+1".repeat(100_000));
    assert!(run(&sum).unwrap_err().contains("too long"));
    let merged = format!("{{{{ dict({}) }}}}", "**m, ".repeat(2000));
    assert!(run(&format!("{{% set m = {{'a': 1}} %}}{merged}")).is_err());
    assert!(run("{% set m = [1] %}{{ range(*m) | list }}").is_err());
}

#[test]
fn what_is_refused_says_why() {
    for (source, expected) in [
        (HOSTILE[0], "pads a text to 999999999 letters"),
        (
            "{% set ns = namespace() %}{% set ns.x = ns %}",
            "into a namespace",
        ),
        ("{{ loop.changed(1) }}", "`changed` is not available"),
        ("{{ [1] * 9 }}", "that has a list"),
        (
            "{% set x = 'x' * 600000 %}{{ [x, x] | length }}",
            "texts of more than",
        ),
        (
            "{% set x = range(15000) | list %}{{ [x, x] | length }}",
            "lists of too many",
        ),
    ] {
        let reason = run(source).unwrap_err();
        assert!(reason.contains(expected), "{source}: {reason}");
    }
}

#[test]
fn what_honest_templates_do_costs_little() {
    for (source, expected) in [
        ("{{ '{:>4}|{:.2f}|{}'.format(1, 2.5, 'x') }}", "   1|2.50|x"),
        ("{{ '%03d|%s' | format(7, 'x') }}", "007|x"),
        (
            "{{ 'ab' * 3 }}{{ messages[0]['content'][1:3] }}",
            "abababel",
        ),
        (
            "{{ messages[1:] | length }}{{ messages[::-1][0].role }}",
            "0user",
        ),
        (
            "{% set ns = namespace(a=1, b=[]) %}{% set ns.b = ns.b + [2] %}{{ ns.a }}{{ ns.b }}",
            "1[2]",
        ),
        ("{{ dict(a=1, b=[2]) | tojson }}", r#"{"a": 1, "b": [2]}"#),
        (
            "{{ 1 < 2 < 3 }}{{ 'a' in ['a', 'b'] }}{{ 'b' not in 'abc' }}",
            "TrueTrueFalse",
        ),
        (
            "{{ messages | map(attribute='role') | join(', ') }}",
            "user",
        ),
        (
            "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
            "1",
        ),
        (
            "{% macro m(a, b='x') %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(b=2, a=3) }}",
            "1x32",
        ),
        (
            "{{ ('a' if messages else 'b') == 'a' and 'x' ~ 1 == 'x1' }}",
            "True",
        ),
        (
            "{{ '  x '.strip() | replace('x', 'yy') | trim('y') | upper }}.",
            ".",
        ),
        (
            "{{ {'a': 1}.get('b', 2) }}{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}",
            "2a1",
        ),
        (
            "{% for i in range(3) if i is odd %}{{ loop.index }}{{ i }}{% else %}none{% endfor %}",
            "11",
        ),
    ] {
        let sandbox = Sandbox::new(source, SpecialTokens::default()).unwrap();
        let messages = [(Speaker::User, "hello".to_owned())];
        let written = sandbox.run(&messages, true, None).unwrap();
        assert_eq!(written.output, expected, "{source}");
        assert!(written.steps < 200, "{source}: {} steps", written.steps);
    }
}

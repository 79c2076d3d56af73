//! The rules for Python: their names, how much they matter, and why.

use domain::analysis::Severity;

use crate::findings::Rule;

const fn rule(severity: Severity, name: &'static str, why: &'static str) -> Rule {
    Rule {
        name,
        severity,
        why,
    }
}

const fn hint(name: &'static str, why: &'static str) -> Rule {
    rule(Severity::Hint, name, why)
}

const fn warning(name: &'static str, why: &'static str) -> Rule {
    rule(Severity::Warning, name, why)
}

const fn error(name: &'static str, why: &'static str) -> Rule {
    rule(Severity::Error, name, why)
}

macro_rules! rules {
    ($($constant:ident = $severity:ident($name:literal, $why:literal);)*) => {
        $(pub(super) static $constant: Rule = $severity($name, $why);)*
    };
}

rules! {
    UNDEFINED_NAME = error("undefined-name", "Reading a name that nothing defines raises a NameError when the line runs.");
    UNBOUND_LOCAL = error("unbound-local", "An assignment anywhere in a function makes the name local to it, so reading it first raises an UnboundLocalError.");
    UNUSED_VARIABLE = hint("unused-variable", "A value that is never read is work for nothing, or a sign that another name was meant.");
    UNUSED_IMPORT = hint("unused-import", "An import that is not used costs time and misleads readers.");
    SHADOWED_BUILTIN = hint("shadowed-builtin", "While the name has another meaning, the built-in function or type cannot be used under it.");
    CALLED_SHADOW = warning("shadowed-builtin", "The name no longer means the built-in function or type, so calling it raises a TypeError.");

    MUTABLE_DEFAULT = warning("mutable-default", "A default value is made once, when the function is defined, so every call shares and changes the same object.");
    MUTABLE_DEFAULT_UNCHANGED = hint("mutable-default", "A default value is made once, when the function is defined, so the first change to it would show in every later call.");
    INIT_RETURNS = error("init-returns-value", "__init__ must return None; anything else raises a TypeError when an object is made.");
    MISSING_SELF = error("missing-self", "A method is called with its object as the first argument, so it needs a parameter for it.");
    WRONG_ARGUMENTS = error("wrong-arguments", "Python raises a TypeError when arguments and parameters do not fit.");
    NEVER_AWAITED = error("never-awaited", "Calling an async function only makes a coroutine; nothing runs until it is awaited.");
    BLOCKING_IN_ASYNC = warning("blocking-in-async", "A blocking call stops the whole event loop, and with it every other task.");
    ENDLESS_RECURSION = error("endless-recursion", "A function that calls itself on every way through it never ends and raises a RecursionError.");
    MISSING_RETURN = warning("missing-return-path", "A function that runs off its end returns None, which callers that expect a value do not.");
    MISSING_RETURN_MAYBE = hint("missing-return-path", "A function that runs off its end returns None; saying so makes plain that it is meant.");
    SHARED_CLASS_ATTRIBUTE = warning("shared-class-attribute", "A list, dict or set in the class body is shared by all objects of the class.");

    UNREACHABLE_CODE = warning("unreachable-code", "Code that can never run is a mistake in the order or a leftover.");
    INFINITE_LOOP = warning("infinite-loop", "A loop whose condition never changes and that has no way out never ends.");
    RETURN_IN_FINALLY = warning("return-in-finally", "Leaving a finally block this way drops any error that is under way.");
    BARE_EXCEPT = warning("bare-except", "A bare except also catches KeyboardInterrupt and SystemExit, and hides mistakes such as misspelt names.");
    SWALLOWED_EXCEPTION = hint("swallowed-exception", "An error that is caught and dropped leaves no trace of what went wrong.");
    EXCEPT_OR = error("except-or", "`or` yields its first operand, so only that exception is caught.");
    RAISE_NOT_IMPLEMENTED = error("raise-not-implemented", "NotImplemented is a value for comparisons, not an exception; raising it raises a TypeError instead.");
    ASSERT_TUPLE = error("assert-on-tuple", "A tuple with elements is always true, so the assertion never fails.");

    COMPARE_NONE = hint("compare-none", "There is one None, and == may be redefined by the other side; `is` asks what is meant.");
    COMPARE_NAN = error("compare-nan", "NaN is unequal to everything, itself included, so the comparison never tells.");
    FLOAT_EQUALITY = warning("float-equality", "Binary floats cannot hold most decimal fractions exactly, so equal results often compare unequal.");
    IS_LITERAL = warning("is-literal", "`is` asks for the same object, and whether equal literals are one object is up to the interpreter.");
    SELF_COMPARISON = warning("self-comparison", "Comparing something with itself always gives the same answer.");
    SELF_ASSIGNMENT = warning("self-assignment", "Assigning a name to itself does nothing; another name was likely meant.");
    OR_LITERAL = error("or-literal", "`or` joins whole conditions: the literal stands alone and is always true.");
    ALWAYS_TRUE = error("constant-condition", "A condition that cannot change decides nothing.");
    TEXT_NUMBER = error("text-and-number", "Python does not turn text into numbers or numbers into text by itself; this raises a TypeError.");
    TEXT_EQUALS_NUMBER = warning("text-and-number", "Text never equals a number, so the comparison has always the same answer.");
    NO_EFFECT = warning("no-effect", "The value of the expression is thrown away, so the line does nothing.");

    OFF_BY_ONE = warning("off-by-one", "Indexes run from 0 to the length less one; the one after raises an IndexError.");
    PAST_THE_END = error("off-by-one", "The last index is the length less one, so this always raises an IndexError.");
    EMPTY_RANGE = warning("empty-range", "A range runs upwards unless its step is negative, so this one is empty and the loop never runs.");
    ZERO_STEP = error("empty-range", "A range with a step of 0 raises a ValueError.");
    ITERATE_NUMBER = error("iterate-number", "A number cannot be looped over; this raises a TypeError.");
    FLOAT_INDEX = error("float-index", "`/` always gives a float, and indexes and ranges take integers only; this raises a TypeError.");
    DIVISION_BY_ZERO = error("division-by-zero", "Dividing by zero raises a ZeroDivisionError.");
    DIVISION_RISK = warning("division-by-zero-risk", "The length of something empty is 0, and dividing by it raises a ZeroDivisionError.");
    MODIFIED_WHILE_ITERATED = warning("modified-while-iterated", "Changing a list in its own loop skips elements or never ends; with a dict or set it raises a RuntimeError.");
    LOOP_CAPTURE = warning("loop-variable-captured", "A function made in a loop reads the variable when it is called, so all of them see its last value.");
    QUADRATIC_MEMBERSHIP = hint("quadratic-membership", "`in` looks through a list from its start, so a loop around it takes time in the square of the size.");
    SLOW_LIST_FRONT = hint("slow-list-front", "Taking from or adding to the front of a list moves every other element.");
    STRING_IN_LOOP = hint("string-built-in-loop", "Strings do not change: each += may copy all the text so far.");
    RESULT_IS_NONE = error("result-is-none", "Functions that change something in place return None.");
    PRINT_RETURNED = warning("result-is-none", "print writes to the screen and returns None.");
    DUPLICATE_KEY = warning("duplicate-dict-key", "Of two equal keys in a dict only the last value is kept.");
    MISSING_F = warning("missing-f-prefix", "Without an f before the quote, the braces are printed as they stand.");

    RESOURCE_LEAK = warning("resource-leak", "What is opened and not closed holds a handle, and may not be written out, until the object happens to be freed.");
    RESOURCE_UNNAMED = hint("resource-leak", "Nothing closes what is opened and used in one breath; when it is closed is up to the interpreter.");
    SQL_FROM_STRING = error("sql-built-from-string", "Text from outside that is put into a statement can change what the statement does (SQL injection).");
    SQL_NAME_FROM_STRING = warning("sql-built-from-string", "A table or column name from outside that is put into a statement can change what the statement does.");
    EVAL_EXEC = warning("eval-exec", "eval and exec run any code that is in the text.");
    SHELL_COMMAND = error("shell-built-from-string", "The shell reads the whole text, so a value with ; or $( ) in it runs other commands.");
    UNSAFE_LOAD = warning("unsafe-load", "Loading data this way can make objects of any kind and run code of whoever wrote the data.");
    NO_TIMEOUT = hint("no-timeout", "requests waits for ever when the server does not answer and no timeout is given.");
}

fn longest<'a>(left: &'a str, right: &'a str) -> &'a str {
    if left.len() > right.len() { left } else { right }
}

fn add(list: &mut Vec<String>, item: String) {
    list.push(item);
}

fn main() {
    let mut names = Vec::new();
    let name = String::from("Ada");
    add(&mut names, name);
    println!("{}", longest("a", "bc"));
}

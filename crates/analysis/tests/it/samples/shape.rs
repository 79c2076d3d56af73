enum Shape {
    Circle { radius: f64 },
    Square(f64),
}

impl Shape {
    fn area(&self) -> f64 {
        match self {
            Shape::Circle { radius } => std::f64::consts::PI * radius * radius,
            Shape::Square(side) => side * side,
        }
    }
}

fn largest(shapes: Vec<Shape>) -> Option<f64> {
    let mut best = None;
    for shape in &shapes {
        let area = shape.area();
        if best.is_none_or(|b| area > b) {
            best = Some(area);
        }
    }
    best
}

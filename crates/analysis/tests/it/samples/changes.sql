CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO notes (title) VALUES ('first'), ('second');
UPDATE notes SET title = 'renamed' WHERE id = 1;
DELETE FROM notes;

"""What the command has to say, made into something: terminal text, Markdown. Imported when used."""

package io.tallygate.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A page of the documentation, as the tests read it that hold it to the code.
 *
 * @param file where it is
 * @param text all of it
 */
public record Markdown(Path file, String text) {

	private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```$");

	private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.+)$");

	private static final Pattern CODE = Pattern.compile("`([^`\\n]+)`");

	private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");

	/**
	 * A code block.
	 *
	 * @param language that it names
	 * @param text with its last line break
	 */
	public record Block(String language, String text) {
	}

	/** The page of this name, from the directory of the project. */
	public static Markdown read(String name) {
		return read(Path.of(name));
	}

	/** Every page there is. */
	public static List<Markdown> all() {
		try (Stream<Path> docs = Files.walk(Path.of("docs"))) {
			return Stream.concat(Stream.of(Path.of("README.md"), Path.of("CHANGELOG.md")), docs)
				.filter((file) -> file.toString().endsWith(".md"))
				.map(Markdown::read)
				.toList();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static Markdown read(Path file) {
		try {
			return new Markdown(file, Files.readString(file));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** The code blocks in this language. */
	public List<String> blocks(String language) {
		return blocks().stream().filter((block) -> block.language().equals(language)).map(Block::text).toList();
	}

	/** All code blocks, in their order. */
	public List<Block> blocks() {
		return BLOCK.matcher(this.text).results().map((block) -> new Block(block.group(1), block.group(2))).toList();
	}

	/** The lines of all shell blocks, each a command. */
	public List<String> commands() {
		return blocks("sh").stream().flatMap(String::lines).filter((line) -> !line.isBlank()).toList();
	}

	/** What stands in backticks in the prose and its tables. */
	public List<String> code() {
		return found(CODE, prose());
	}

	/** Where the links lead. */
	public List<String> links() {
		return found(LINK, prose());
	}

	public List<String> headings() {
		return found(HEADING, prose());
	}

	/** The headings, as a link names them. */
	public List<String> anchors() {
		return headings().stream()
			.map((heading) -> heading.toLowerCase(Locale.ROOT).replaceAll("[^\\w -]", "").replace(' ', '-'))
			.toList();
	}

	/** What stands below a heading, up to the next one of any level. */
	public Markdown section(String heading) {
		int start = this.text.indexOf("# " + heading + "\n");
		if (start < 0) {
			throw new IllegalArgumentException(this.file + " has no heading '" + heading + "'");
		}
		int from = this.text.indexOf('\n', start);
		int to = this.text.indexOf("\n#", from);
		return new Markdown(this.file, this.text.substring(from, (to < 0) ? this.text.length() : to));
	}

	/** What stands before the first heading with these words. */
	public Markdown before(String words) {
		Matcher heading = HEADING.matcher(this.text);
		while (heading.find()) {
			if (heading.group(1).contains(words)) {
				return new Markdown(this.file, this.text.substring(0, heading.start()));
			}
		}
		throw new IllegalArgumentException(this.file + " has no heading with '" + words + "'");
	}

	/** The rows of all tables, as cells, their heads included. */
	public List<List<String>> rows() {
		List<List<String>> rows = new ArrayList<>();
		prose().lines().filter((line) -> line.startsWith("|") && !line.startsWith("|--")).forEach((line) -> {
			String[] cells = line.substring(1).split("\\|", -1);
			rows.add(Arrays.stream(cells, 0, cells.length - 1).map(String::strip).toList());
		});
		return rows;
	}

	private String prose() {
		return BLOCK.matcher(this.text).replaceAll("");
	}

	private static List<String> found(Pattern pattern, String text) {
		return pattern.matcher(text).results().map((MatchResult match) -> match.group(1)).toList();
	}

}

package io.tallygate.provider;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** What is read of a request, what is refused, and how the usage chunk is asked for. */
class ChatRequestTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`',
			textBlock = """
					{"model":"m"}                                                          | m     | false | false | -1  | 1
					\uFEFF{"model":"m"}                                                    | m     | false | false | -1  | 1
					{"model":" m x"}                                                       | ` m x`| false | false | -1  | 1
					{"m\\u006fdel":"g\\u0070t"}                                            | gpt   | false | false | -1  | 1
					{"model":"m","stream":true}                                            | m     | true  | false | -1  | 1
					{"model":"m","stream":null}                                            | m     | false | false | -1  | 1
					{"model":"m","stream":false,"stream_options":{"include_usage":true}}   | m     | false | false | -1  | 1
					{"model":"m","stream":false,"stream_options":7}                        | m     | false | false | -1  | 1
					{"stream_options":{"include_usage":true},"stream":true,"model":"m"}    | m     | true  | true  | -1  | 1
					{"stream_options":{"include_usage":"true"},"stream":true,"model":"m"}  | m     | true  | false | -1  | 1
					{"stream_options":{"x":{"include_usage":true}},"stream":true,"model":"m"}| m   | true  | false | -1  | 1
					{"x":{"stream":true,"model":"y","model":"z"},"model":"m"}              | m     | false | false | -1  | 1
					{"model":"m","max_tokens":5}                                           | m     | false | false | 5   | 1
					{"model":"m","max_tokens":5,"max_completion_tokens":7}                 | m     | false | false | 7   | 1
					{"model":"m","max_completion_tokens":7,"max_tokens":5}                 | m     | false | false | 7   | 1
					{"model":"m","max_completion_tokens":1,"max_tokens":100}               | m     | false | false | 100 | 1
					{"model":"m","max_tokens":0}                                           | m     | false | false | -1  | 1
					{"model":"m","max_tokens":-5,"n":-1}                                   | m     | false | false | -1  | 1
					{"model":"m","max_tokens":1.5,"n":2.5}                                 | m     | false | false | -1  | 1
					{"model":"m","max_tokens":"5","n":"2"}                                 | m     | false | false | -1  | 1
					{"model":"m","max_tokens":null,"n":null}                               | m     | false | false | -1  | 1
					{"model":"m","max_tokens":[5],"n":{"a":[1]}}                           | m     | false | false | -1  | 1
					{"model":"m","max_tokens":99999999999999999999,"n":99999999999}        | m     | false | false | -1  | 2147483647
					{"model":"m","n":3,"background":false}                                 | m     | false | false | -1  | 3
					""")
	void whatTheGatewayMustKnowIsRead(String body, String model, boolean stream, boolean asksUsage,
			long maxOutputTokens, int choices) {
		ChatRequest request = ChatRequest.read(utf8(body));

		assertThat(request).isEqualTo(new ChatRequest(model, stream, asksUsage, maxOutputTokens, choices));
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`',
			textBlock = """
					``                                                                     | must be a JSON object
					` `                                                                    | must be a JSON object
					[]                                                                     | must be a JSON object
					"model"                                                                | must be a JSON object
					null                                                                   | must be a JSON object
					{                                                                      | ends too early
					{"model":"m"                                                           | ends too early
					{"model":"m                                                            | ends too early
					{"model":"m"}}                                                         | not what JSON has
					{"model":"m"}x                                                         | not what JSON has
					{"model":"m"} {"model":"m"}                                            | nothing may follow
					{"model":"m",}                                                         | not what JSON has
					{'model':'m'}                                                          | not what JSON has
					{"model":"m","a":01}                                                   | not what JSON has
					{"model":"m","a":NaN}                                                  | not what JSON has
					{"model":"m","messages":[{"content":"\\x"}]}                           | not what JSON has
					{"model":"m","messages":[}                                             | not what JSON has
					{"model":"m"/**/}                                                      | not what JSON has
					{"model":"m","model":"x"}                                              | duplicate key: 'model'
					{"model":"m","Model":"x"}                                              | duplicate key: 'model'
					{"model":"m","mode\\u006c":"x"}                                        | duplicate key: 'model'
					{"model":"m","stream":true,"stream":false}                             | duplicate key: 'stream'
					{"model":"m","stream":true,"STREAM":false}                             | duplicate key: 'stream'
					{"model":"m","stream":false,"\\u0073tream":true}                       | duplicate key: 'stream'
					{"model":"m","stream":true,"stream_options":{},"stream_options":null}  | duplicate key: 'stream_options'
					{"model":"m","stream_options":{},"Stream_Options":{}}                  | duplicate key: 'stream_options'
					{"model":"m","stream_options":{},"stream\\u005foptions":{}}            | duplicate key: 'stream_options'
					{"model":"m","stream_options":{"include_usage":true,"include_usage":false}} | duplicate key: 'include_usage'
					{"model":"m","stream_options":{"include_usage":true,"Include_usage":false}} | duplicate key: 'include_usage'
					{"model":"m","stream_options":{"include_usage":true,"\\u0069nclude_usage":0}} | duplicate key: 'include_usage'
					{"model":"m","Stream":true}                                            | 'Stream' is not spelled 'stream'
					{"model":"m","Max_Tokens":9}                                           | 'Max_Tokens' is not spelled 'max_tokens'
					{"model":"m","stream":"true"}                                          | 'stream' must be a boolean
					{"model":"m","stream":1}                                               | 'stream' must be a boolean
					{"model":"m","stream":{}}                                              | 'stream' must be a boolean
					{"model":"m","stream":true,"stream_options":[]}                        | 'stream_options' must be an object
					{"model":"m","stream":true,"stream_options":true}                      | 'stream_options' must be an object
					{"model":"m","stream_options":"x","stream":true}                       | 'stream_options' must be an object
					""")
	void whatIsNotARequestIsInvalidJson(String body, String rule) {
		assertThatExceptionOfType(InvalidRequest.class).isThrownBy(() -> ChatRequest.read(utf8(body)))
			.withMessageContaining(rule)
			.returns("invalid_json", InvalidRequest::code);
	}

	@ParameterizedTest
	@ValueSource(strings = { "{}", "{\"model\":null}", "{\"model\":\"\"}", "{\"model\":\" \\t\"}", "{\"model\":7}",
			"{\"model\":[\"m\"]}", "{\"model\":{\"model\":\"m\"}}", "{\"Model\":\"m\"}" })
	void aModelMustBeNamed(String body) {
		assertThatExceptionOfType(InvalidRequest.class).isThrownBy(() -> ChatRequest.read(utf8(body)))
			.returns("missing_model", InvalidRequest::code)
			.returns("model", InvalidRequest::param);
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"model\":\"gpt\\u0000\"}", "{\"model\":\"gpt\\n4\"}" })
	void aModelIsNamedInCharactersThatCanBeWrittenDown(String body) {
		assertThatExceptionOfType(InvalidRequest.class).isThrownBy(() -> ChatRequest.read(utf8(body)))
			.withMessageContaining("control character")
			.returns("invalid_json", InvalidRequest::code)
			.returns("model", InvalidRequest::param);
	}

	@Test
	void aModelsNameHasAnEnd() {
		assertThat(ChatRequest.read(utf8("{\"model\":\"" + "m".repeat(256) + "\"}")).model()).hasSize(256);
		assertThatExceptionOfType(InvalidRequest.class)
			.isThrownBy(() -> ChatRequest.read(utf8("{\"model\":\"" + "m".repeat(257) + "\"}")))
			.withMessageContaining("256 characters");
	}

	@Test
	void aBackgroundAnswerIsRefused() {
		assertThatExceptionOfType(InvalidRequest.class)
			.isThrownBy(() -> ChatRequest.read(utf8("{\"model\":\"m\",\"background\":true}")))
			.returns("background_not_supported", InvalidRequest::code);
	}

	@ParameterizedTest
	@ValueSource(strings = { "UTF-16LE", "UTF-16BE", "UTF-16", "UTF-32LE", "UTF-32BE" })
	void otherEncodingsAreRefused(String charset) {
		byte[] body = "{\"model\":\"m\"}".getBytes(Charset.forName(charset));

		assertThatExceptionOfType(InvalidRequest.class).isThrownBy(() -> ChatRequest.read(body))
			.withMessageContaining("UTF-8");
	}

	@Test
	void bytesThatAreNotUtf8AreRefused() {
		byte[] body = "{\"model\":\"m\",\"a\":\"\u00e9\"}".getBytes(StandardCharsets.ISO_8859_1);

		assertThatExceptionOfType(InvalidRequest.class).isThrownBy(() -> ChatRequest.read(body));
	}

	@Test
	void nestingHasABound() {
		assertThat(ChatRequest.read(utf8(nested(ChatBody.DEPTH_MAX - 1))).model()).isEqualTo("m");
		assertThatExceptionOfType(InvalidRequest.class)
			.isThrownBy(() -> ChatRequest.read(utf8(nested(ChatBody.DEPTH_MAX))))
			.withMessageContaining("nested");
	}

	@Test
	void numbersHaveABound() {
		assertThat(ChatRequest.read(utf8(numbered(ChatBody.NUMBER_LENGTH_MAX))).model()).isEqualTo("m");
		assertThatExceptionOfType(InvalidRequest.class)
			.isThrownBy(() -> ChatRequest.read(utf8(numbered(ChatBody.NUMBER_LENGTH_MAX + 1))))
			.withMessageContaining("numbers");
	}

	@Test
	void aMessageSaysWhereAndNeverWhat() {
		assertThatExceptionOfType(InvalidRequest.class)
			.isThrownBy(() -> ChatRequest.read(utf8("{\"model\":\"m\",\n \"secret\": hidden}")))
			.withMessageContaining("line 2")
			.withMessageNotContaining("secret")
			.withMessageNotContaining("hidden");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`',
			textBlock = """
					{"model":"m","stream":true}               | {"model":"m","stream":true,"stream_options":{"include_usage":true}}
					` { "stream" : true , "model":"m" } `     | ` { "stream" : true , "model":"m" ,"stream_options":{"include_usage":true}} `
					\uFEFF{"model":"m","stream":true}         | \uFEFF{"model":"m","stream":true,"stream_options":{"include_usage":true}}
					{"a":"Ü😀","model":"m","stream":true}     | {"a":"Ü😀","model":"m","stream":true,"stream_options":{"include_usage":true}}
					{"model":"m","stream":true,"stream_options": null } | {"model":"m","stream":true,"stream_options": {"include_usage":true} }
					{"stream_options":{},"model":"m","stream":true} | {"stream_options":{"include_usage":true},"model":"m","stream":true}
					{"stream_options":{ },"model":"m","stream":true} | {"stream_options":{ "include_usage":true},"model":"m","stream":true}
					{"stream_options":{"x":[1,{}] },"model":"m","stream":true} | {"stream_options":{"x":[1,{}] ,"include_usage":true},"model":"m","stream":true}
					{"stream_options":{"include_usage" : false },"model":"m","stream":true} | {"stream_options":{"include_usage" : true },"model":"m","stream":true}
					{"stream_options":{"include_usage":null,"x":1},"model":"m","stream":true} | {"stream_options":{"include_usage":true,"x":1},"model":"m","stream":true}
					{"stream_options":{"include_usage":0},"model":"m","stream":true} | {"stream_options":{"include_usage":true},"model":"m","stream":true}
					{"stream_options":{"include_usage":-1.5e3 },"model":"m","stream":true} | {"stream_options":{"include_usage":true },"model":"m","stream":true}
					{"stream_options":{"include_usage":"fa\\u006cse"},"model":"m","stream":true} | {"stream_options":{"include_usage":true},"model":"m","stream":true}
					{"stream_options":{"include_usage":{"a":[false]}},"model":"m","stream":true} | {"stream_options":{"include_usage":true},"model":"m","stream":true}
					{"stream_options":{"\\u0069nclude_usage":false},"model":"m","stream":true} | {"stream_options":{"\\u0069nclude_usage":true},"model":"m","stream":true}
					{"stream\\u005foptions":{"include_usage":false},"model":"m","stream":true} | {"stream\\u005foptions":{"include_usage":true},"model":"m","stream":true}
					{"Stream_Options":{"include_usage":false},"model":"m","stream":true} | {"Stream_Options":{"include_usage":false},"model":"m","stream":true,"stream_options":{"include_usage":true}}
					{"x":{"stream_options":{"include_usage":true}},"model":"m","stream":true} | {"x":{"stream_options":{"include_usage":true}},"model":"m","stream":true,"stream_options":{"include_usage":true}}
					""")
	void usageIsAskedForAndEveryOtherByteKept(String body, String asking) {
		ChatRequest request = ChatRequest.read(utf8(body));

		assertThat(new String(request.askingUsage(utf8(body)), StandardCharsets.UTF_8)).isEqualTo(asking);
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"model\":\"m\"}", "{\"model\":\"m\",\"stream\":false,\"stream_options\":null}",
			"{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}" })
	void whatAsksAlreadyOrDoesNotStreamStaysTheSameArray(String text) {
		byte[] body = utf8(text);

		assertThat(ChatRequest.read(body).askingUsage(body)).isSameAs(body);
	}

	private static String nested(int depth) {
		return "{\"model\":\"m\",\"a\":" + "[".repeat(depth) + "]".repeat(depth) + "}";
	}

	private static String numbered(int digits) {
		return "{\"model\":\"m\",\"a\":" + "1".repeat(digits) + "}";
	}

	private static byte[] utf8(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}

package io.tallygate.support;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.google.gson.annotations.SerializedName;
import com.stripe.net.ApiRequestParams;
import com.stripe.param.AccountRetrieveCurrentParams;
import com.stripe.param.AccountRetrieveParams;
import com.stripe.param.CustomerCreateParams;
import com.stripe.param.CustomerListParams;
import com.stripe.param.CustomerRetrieveParams;
import com.stripe.param.CustomerSearchParams;
import com.stripe.param.CustomerUpdateParams;
import com.stripe.param.EventListParams;
import com.stripe.param.EventRetrieveParams;
import com.stripe.param.InvoiceCreatePreviewParams;
import com.stripe.param.InvoiceFinalizeInvoiceParams;
import com.stripe.param.InvoiceLineItemListParams;
import com.stripe.param.InvoiceListParams;
import com.stripe.param.InvoicePayParams;
import com.stripe.param.InvoiceRetrieveParams;
import com.stripe.param.InvoiceVoidInvoiceParams;
import com.stripe.param.PaymentMethodAttachParams;
import com.stripe.param.PaymentMethodListParams;
import com.stripe.param.PaymentMethodRetrieveParams;
import com.stripe.param.PriceCreateParams;
import com.stripe.param.PriceListParams;
import com.stripe.param.PriceRetrieveParams;
import com.stripe.param.PriceUpdateParams;
import com.stripe.param.ProductCreateParams;
import com.stripe.param.ProductListParams;
import com.stripe.param.ProductRetrieveParams;
import com.stripe.param.ProductUpdateParams;
import com.stripe.param.SetupIntentCancelParams;
import com.stripe.param.SetupIntentConfirmParams;
import com.stripe.param.SetupIntentCreateParams;
import com.stripe.param.SetupIntentListParams;
import com.stripe.param.SetupIntentRetrieveParams;
import com.stripe.param.SubscriptionCancelParams;
import com.stripe.param.SubscriptionCreateParams;
import com.stripe.param.SubscriptionListParams;
import com.stripe.param.SubscriptionRetrieveParams;
import com.stripe.param.SubscriptionUpdateParams;
import com.stripe.param.WebhookEndpointCreateParams;
import com.stripe.param.WebhookEndpointListParams;
import com.stripe.param.WebhookEndpointRetrieveParams;
import com.stripe.param.WebhookEndpointUpdateParams;
import com.stripe.param.billing.MeterCreateParams;
import com.stripe.param.billing.MeterDeactivateParams;
import com.stripe.param.billing.MeterEventAdjustmentCreateParams;
import com.stripe.param.billing.MeterEventCreateParams;
import com.stripe.param.billing.MeterEventSummaryListParams;
import com.stripe.param.billing.MeterListParams;
import com.stripe.param.billing.MeterReactivateParams;
import com.stripe.param.billing.MeterRetrieveParams;
import com.stripe.param.billing.MeterUpdateParams;
import com.stripe.param.checkout.SessionExpireParams;
import com.stripe.param.checkout.SessionListParams;
import com.stripe.param.checkout.SessionRetrieveParams;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The parameters that Stripe knows, call by call, as the classes of Stripe's own library
 * say them: a name that is in none of them is a spelling mistake, and a word that is not
 * among an enum's is one too.
 */
public final class StripeParameters {

	private static final Map<String, Class<?>> CALLS = new LinkedHashMap<>();
	static {
		call("GET /v1/account", AccountRetrieveCurrentParams.class);
		call("GET /v1/accounts/{}", AccountRetrieveParams.class);
		call("POST /v1/billing/meters", MeterCreateParams.class);
		call("GET /v1/billing/meters", MeterListParams.class);
		call("GET /v1/billing/meters/{}", MeterRetrieveParams.class);
		call("POST /v1/billing/meters/{}", MeterUpdateParams.class);
		call("POST /v1/billing/meters/{}/deactivate", MeterDeactivateParams.class);
		call("POST /v1/billing/meters/{}/reactivate", MeterReactivateParams.class);
		call("GET /v1/billing/meters/{}/event_summaries", MeterEventSummaryListParams.class);
		call("POST /v1/billing/meter_events", MeterEventCreateParams.class);
		call("POST /v1/billing/meter_event_adjustments", MeterEventAdjustmentCreateParams.class);
		call("POST /v2/billing/meter_event_session", NoParams.class);
		call("POST /v2/billing/meter_event_stream", com.stripe.param.v2.billing.MeterEventStreamCreateParams.class);
		call("POST /v1/products", ProductCreateParams.class);
		call("GET /v1/products", ProductListParams.class);
		call("GET /v1/products/{}", ProductRetrieveParams.class);
		call("POST /v1/products/{}", ProductUpdateParams.class);
		call("DELETE /v1/products/{}", NoParams.class);
		call("POST /v1/prices", PriceCreateParams.class);
		call("GET /v1/prices", PriceListParams.class);
		call("GET /v1/prices/{}", PriceRetrieveParams.class);
		call("POST /v1/prices/{}", PriceUpdateParams.class);
		call("POST /v1/customers", CustomerCreateParams.class);
		call("GET /v1/customers", CustomerListParams.class);
		call("GET /v1/customers/search", CustomerSearchParams.class);
		call("GET /v1/customers/{}", CustomerRetrieveParams.class);
		call("POST /v1/customers/{}", CustomerUpdateParams.class);
		call("DELETE /v1/customers/{}", NoParams.class);
		call("POST /v1/subscriptions", SubscriptionCreateParams.class);
		call("GET /v1/subscriptions", SubscriptionListParams.class);
		call("GET /v1/subscriptions/{}", SubscriptionRetrieveParams.class);
		call("POST /v1/subscriptions/{}", SubscriptionUpdateParams.class);
		call("DELETE /v1/subscriptions/{}", SubscriptionCancelParams.class);
		call("POST /v1/setup_intents", SetupIntentCreateParams.class);
		call("GET /v1/setup_intents", SetupIntentListParams.class);
		call("GET /v1/setup_intents/{}", SetupIntentRetrieveParams.class);
		call("POST /v1/setup_intents/{}/confirm", SetupIntentConfirmParams.class);
		call("POST /v1/setup_intents/{}/cancel", SetupIntentCancelParams.class);
		call("GET /v1/payment_methods", PaymentMethodListParams.class);
		call("GET /v1/payment_methods/{}", PaymentMethodRetrieveParams.class);
		call("POST /v1/payment_methods/{}/attach", PaymentMethodAttachParams.class);
		call("POST /v1/checkout/sessions", com.stripe.param.checkout.SessionCreateParams.class);
		call("GET /v1/checkout/sessions", SessionListParams.class);
		call("GET /v1/checkout/sessions/{}", SessionRetrieveParams.class);
		call("POST /v1/checkout/sessions/{}/expire", SessionExpireParams.class);
		call("POST /v1/billing_portal/sessions", com.stripe.param.billingportal.SessionCreateParams.class);
		call("POST /v1/invoices/create_preview", InvoiceCreatePreviewParams.class);
		call("GET /v1/invoices", InvoiceListParams.class);
		call("GET /v1/invoices/{}", InvoiceRetrieveParams.class);
		call("GET /v1/invoices/{}/lines", InvoiceLineItemListParams.class);
		call("POST /v1/invoices/{}/finalize", InvoiceFinalizeInvoiceParams.class);
		call("POST /v1/invoices/{}/pay", InvoicePayParams.class);
		call("POST /v1/invoices/{}/void", InvoiceVoidInvoiceParams.class);
		call("GET /v1/events", EventListParams.class);
		call("GET /v1/events/{}", EventRetrieveParams.class);
		call("POST /v1/webhook_endpoints", WebhookEndpointCreateParams.class);
		call("GET /v1/webhook_endpoints", WebhookEndpointListParams.class);
		call("GET /v1/webhook_endpoints/{}", WebhookEndpointRetrieveParams.class);
		call("POST /v1/webhook_endpoints/{}", WebhookEndpointUpdateParams.class);
		call("DELETE /v1/webhook_endpoints/{}", NoParams.class);
		call("GET /v2/core/events", com.stripe.param.v2.core.EventListParams.class);
		call("GET /v2/core/events/{}", NoParams.class);
		call("POST /v2/core/event_destinations", com.stripe.param.v2.core.EventDestinationCreateParams.class);
		call("GET /v2/core/event_destinations", com.stripe.param.v2.core.EventDestinationListParams.class);
		call("GET /v2/core/event_destinations/{}", com.stripe.param.v2.core.EventDestinationRetrieveParams.class);
		call("DELETE /v2/core/event_destinations/{}", NoParams.class);
		call("POST /v2/core/event_destinations/{}/disable", NoParams.class);
		call("POST /v2/core/event_destinations/{}/enable", NoParams.class);
		call("POST /v2/core/event_destinations/{}/ping", NoParams.class);
	}

	private static final Pattern BRACKET = Pattern.compile("\\[([^\\[\\]]*)]");

	private StripeParameters() {
	}

	/** Of a call that takes none. */
	private static final class NoParams extends ApiRequestParams {

	}

	private static void call(String call, Class<?> params) {
		CALLS.put(call, params);
	}

	/** Every call that is known here, as {@code "POST /v1/products"}. */
	public static Set<String> calls() {
		return CALLS.keySet();
	}

	/** The names of the parameters right below a call. */
	public static Set<String> names(String call) {
		return new TreeSet<>(fields(CALLS.get(call)).keySet());
	}

	/** The words that a parameter may be, of a call; empty where it is no enum. */
	public static Set<String> words(String call, String name) {
		Field field = fields(CALLS.get(call)).get(name);
		return (field != null && field.getType().isEnum()) ? words(field.getType()) : Set.of();
	}

	/** What Stripe would not know of this request, each with what is wrong. */
	public static List<String> unknown(String method, String path, String... forms) {
		String call = method + " " + path;
		Class<?> params = CALLS.entrySet()
			.stream()
			.filter((each) -> call.matches(each.getKey().replace("{}", "[^/]+")))
			.findFirst()
			.map(Map.Entry::getValue)
			.orElse(null);
		if (params == null) {
			return List.of("There is no call " + call);
		}
		List<String> unknown = new ArrayList<>();
		for (String form : forms) {
			for (Map.Entry<String, String> given : values(form)) {
				String wrong = wrong(params, given.getKey(), given.getValue());
				if (wrong != null) {
					unknown.add(call + ": " + wrong);
				}
			}
		}
		return unknown;
	}

	/** The values of a form, or of a JSON object as the newer API takes it, by name. */
	private static List<Map.Entry<String, String>> values(String form) {
		List<Map.Entry<String, String>> values = new ArrayList<>();
		if (form.startsWith("{")) {
			leaves(JsonMapper.shared().readTree(form), "", values);
			return values;
		}
		for (String pair : form.split("&")) {
			if (!pair.isEmpty()) {
				String[] parts = pair.split("=", 2);
				values.add(Map.entry(decoded(parts[0]), (parts.length > 1) ? decoded(parts[1]) : ""));
			}
		}
		return values;
	}

	private static void leaves(JsonNode node, String name, List<Map.Entry<String, String>> values) {
		if (!node.isContainer()) {
			values.add(Map.entry(name, node.asString("")));
		}
		node.properties()
			.forEach((entry) -> leaves(entry.getValue(),
					name.isEmpty() ? entry.getKey() : name + "[" + entry.getKey() + "]", values));
		for (int i = 0; i < node.size() && node.isArray(); i++) {
			leaves(node.get(i), name + "[" + i + "]", values);
		}
	}

	/** What is wrong with a name of this call, none if nothing is. */
	public static @Nullable String wrongName(String call, String name) {
		return wrong(CALLS.get(call), name, null);
	}

	private static @Nullable String wrong(Class<?> params, String name, @Nullable String value) {
		int bracket = name.indexOf('[');
		List<String> steps = new ArrayList<>();
		steps.add((bracket < 0) ? name : name.substring(0, bracket));
		Matcher brackets = BRACKET.matcher((bracket < 0) ? "" : name.substring(bracket));
		while (brackets.find()) {
			steps.add(brackets.group(1));
		}
		Type type = params;
		for (String step : steps) {
			Type below = below(type, step);
			if (below == null) {
				return "'" + name + "' is no parameter: " + step + " is not in " + type.getTypeName();
			}
			type = below;
		}
		return (value != null) ? wrongValue(name, type, value) : null;
	}

	/** What stands below a type under this name, none if nothing does. */
	private static @Nullable Type below(Type type, String step) {
		if (type instanceof ParameterizedType generic && generic.getRawType() instanceof Class<?> raw) {
			Type element = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
			boolean isIndex = Map.class.isAssignableFrom(raw) || step.matches("\\d*");
			return isIndex ? element : null;
		}
		// A field that takes several kinds of things, "" among them, says no more.
		if (type == Object.class) {
			return Object.class;
		}
		if (type instanceof Class<?> known) {
			Field field = fields(known).get(step);
			return (field != null) ? field.getGenericType() : null;
		}
		return null;
	}

	private static @Nullable String wrongValue(String name, Type type, String value) {
		if (!(type instanceof Class<?> known) || value.isEmpty()) {
			return null;
		}
		boolean isRight = true;
		if (known.isEnum()) {
			isRight = words(known).contains(value);
		}
		else if (known == Long.class) {
			isRight = value.matches("-?\\d+");
		}
		else if (known == Boolean.class) {
			isRight = value.matches("true|false");
		}
		else if (known == BigDecimal.class) {
			isRight = value.matches("-?\\d+(\\.\\d+)?");
		}
		return isRight ? null : "'" + name + "' is not a " + known.getSimpleName() + ": " + value;
	}

	private static Set<String> words(Class<?> known) {
		Set<String> words = new TreeSet<>();
		for (Field constant : known.getFields()) {
			SerializedName name = constant.getAnnotation(SerializedName.class);
			if (constant.isEnumConstant() && name != null) {
				words.add(name.value());
			}
		}
		return words;
	}

	private static Map<String, Field> fields(Class<?> params) {
		Map<String, Field> fields = new TreeMap<>();
		Arrays.stream(params.getDeclaredFields())
			.filter((field) -> !Modifier.isStatic(field.getModifiers())
					&& field.isAnnotationPresent(SerializedName.class))
			.filter((field) -> !field.getName().equals("extraParams"))
			.forEach((field) -> fields.put(field.getAnnotation(SerializedName.class).value(), field));
		return fields;
	}

	private static String decoded(String text) {
		return URLDecoder.decode(text, StandardCharsets.UTF_8);
	}

}

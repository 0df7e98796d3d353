import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpRetryException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * Sends refused uploads with Java's two clients, and says for each kind how many answers did not arrive.
 * Usage: java Early.java BASE KEY PICTURE TRIES
 */
public final class Early {
    private static final String CHAT = "%2B15551234567";
    private static final String BOUNDARY = "early-refusals";
    private static final int PATIENCE = 20_000;
    /** A client that fails this often in one row is not tried further: each failure may take its whole patience. */
    private static final int ENOUGH = 10;
    private static final int[] SIZES = {1, 2, 5, 10};

    /** What is wrong with a request, the answer that it must get, and the sizes that it is tried with in turn. */
    private record Refusal(String name, String key, String chat, String head, int status, int[] sizes) {}

    /** Sends a body, and answers the status. */
    private interface Client {
        int send(String url, String key, byte[] body) throws Exception;
    }

    public static void main(String[] args) throws Exception {
        String base = args[0];
        String key = args[1];
        byte[] good = form(Files.readAllBytes(Path.of(args[2])));
        int tries = Integer.parseInt(args[3]);
        List<Refusal> refusals = List.of(
            new Refusal("wrong key", "bl_live_none", CHAT, "GIF89a", 401, SIZES),
            new Refusal("wrong format", key, CHAT, "BM", 400, SIZES),
            new Refusal("bad id", key, "15551234567", "GIF89a", 400, SIZES),
            new Refusal("too large", key, CHAT, "GIF89a", 400, new int[] {12, 30}));
        Map<String, Supplier<Client>> clients = new LinkedHashMap<>();
        clients.put("HttpClient", Early::httpClient);
        clients.put("HttpURLConnection", () -> (url, k, body) -> urlConnection(url, k, body, false));
        clients.put("HttpURLConnection, streaming", () -> (url, k, body) -> urlConnection(url, k, body, true));
        for (var entry : clients.entrySet()) {
            for (Refusal refusal : refusals) {
                Client client = entry.getValue().get();
                List<String> failures = new ArrayList<>();
                for (int i = 0; i < tries && failures.size() < ENOUGH; i++) {
                    byte[] body = form(upload(refusal.head, refusal.sizes[i % refusal.sizes.length]));
                    attempt(failures, client, url(base, refusal.chat), refusal.key, body, refusal.status);
                }
                report(entry.getKey(), refusal.name, refusal.sizes, tries, failures);
            }
            Client client = entry.getValue().get();
            byte[] refused = form(upload("BM", 2));
            List<String> failures = new ArrayList<>();
            for (int i = 0; i < tries && failures.size() < ENOUGH; i++) {
                boolean bad = i % 2 == 0;
                attempt(failures, client, url(base, CHAT), key, bad ? refused : good, bad ? 400 : 200);
            }
            report(entry.getKey(), "wrong format and good in turn", new int[] {2}, tries, failures);
        }
        System.exit(0);
    }

    private static Client httpClient() {
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        return (url, key, body) -> {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
                .timeout(Duration.ofMillis(PATIENCE))
                .PUT(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
            return client.send(request, BodyHandlers.ofByteArray()).statusCode();
        };
    }

    private static int urlConnection(String url, String key, byte[] body, boolean streaming) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        connection.setRequestMethod("PUT");
        connection.setReadTimeout(PATIENCE);
        connection.setDoOutput(true);
        connection.setRequestProperty("Authorization", "Bearer " + key);
        connection.setRequestProperty("Content-Type", "multipart/form-data; boundary=" + BOUNDARY);
        if (streaming) {
            connection.setFixedLengthStreamingMode(body.length);
        }
        try (var out = connection.getOutputStream()) {
            out.write(body);
        }
        try {
            int status = connection.getResponseCode();
            // A 401 in streaming mode has no stream.
            try (InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
                if (in != null) {
                    in.readAllBytes();
                }
            }
            return status;
        } catch (HttpRetryException answered) {
            // A 401 in streaming mode comes as an exception that holds the status.
            return answered.responseCode();
        }
    }

    private static void attempt(List<String> failures, Client client, String url, String key, byte[] body, int expected) {
        try {
            int status = client.send(url, key, body);
            if (status != expected) {
                failures.add("status " + status);
            }
        } catch (Exception error) {
            failures.add(error.getClass().getSimpleName() + " " + error.getMessage());
        }
    }

    private static String url(String base, String chat) {
        return base + "/chats/" + chat + "/background";
    }

    private static byte[] upload(String head, int size) {
        byte[] bytes = new byte[size * 1_000_000];
        Arrays.fill(bytes, (byte) 'x');
        System.arraycopy(head.getBytes(StandardCharsets.US_ASCII), 0, bytes, 0, head.length());
        return bytes;
    }

    private static byte[] form(byte[] file) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        String head = "--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"background\"; filename=\"a.jpg\"\r\n\r\n";
        body.write(head.getBytes(StandardCharsets.US_ASCII));
        body.write(file);
        body.write(("\r\n--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.US_ASCII));
        return body.toByteArray();
    }

    private static void report(String client, String what, int[] sizes, int tries, List<String> failures) {
        String seen = String.join(", ", new TreeSet<>(failures));
        String tried = Arrays.toString(sizes).replaceAll("[\\[\\]]", "");
        System.out.printf("%s\t%s\t%s MB\t%d\t%d\t%s%n", client, what, tried, tries, failures.size(), seen);
    }
}

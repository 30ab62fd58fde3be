using System.Security.Cryptography;
using System.Text;
using Appliance.Fix;

namespace Appliance.Host.Configuration;

/// <summary>Logon fields that are computed as the Logon is sent, as the desk file states them. Their secrets stand in files or in the environment, never in the desk file, which every journal holds.</summary>
internal static class LogonSignatureSettings
{
    private static readonly string[] Algorithms = ["none", "hmac-sha256", "hmac-sha512", "sha256-secret-behind", "ed25519", "rsa-sha256", "rsa-pss-sha256"], Encodings = ["base64", "base64url", "hex"];

    private static readonly Section FieldKeys = new("field",
        new("tag", SettingType.Integer, "The tag that the result stands under, e.g. 96 or 554.") { Required = true, Min = 1, Max = 999999 },
        new("lengthTag", SettingType.Integer, "A tag for the result's length, written before it, e.g. 95 before 96; 0: none.") { Default = "0", Min = 0, Max = 999999 },
        new("text", SettingType.Text, "What is signed, or with algorithm none the value itself: letters stand for themselves, {N} for field N of this Logon, {utcMilliseconds} and {utcSeconds} for its SendingTime since 1970, {utcMilliseconds+5000} for so much later, {nonce} for random bytes in Base64; \\u0001 is FIX's separator.") { Required = true },
        new("algorithm", SettingType.Choice, "hmac-sha256, hmac-sha512: HMAC of the text with the secret as its key; sha256-secret-behind: SHA-256 of the text with the secret behind it; ed25519, rsa-sha256 (PKCS#1 v1.5) and rsa-pss-sha256: a signature of the text by a private key, made by OpenSSL.") { Default = "\"none\"", Choices = Algorithms },
        new("encoding", SettingType.Choice, "How the algorithm's result is written.") { Default = "\"base64\"", Choices = Encodings },
        new("secretFile", SettingType.Text, "File with the secret, relative to the desk file; blanks and line ends around it are left out. A private key stands there as PEM, without a password.") { Default = "\"\"" },
        new("secretVariable", SettingType.Text, "Environment variable with the secret, instead of a file.") { Default = "\"\"" },
        new("secretEncoding", SettingType.Choice, "How the secret is written there: text as it is, or the bytes behind it in Base64 or hexadecimal; of a private key its DER, or the 32 bytes of an Ed25519 seed.") { Default = "\"text\"", Choices = ["text", "base64", "hex"] },
        new("nonceBytes", SettingType.Integer, "Random bytes of a {nonce}.") { Default = "32", Min = 8, Max = 64, Unit = "bytes" });

    /// <summary>The key within the desk file's venue.</summary>
    public static readonly Setting Key = new("logonSignature", SettingType.List, "Logon fields that are made as the Logon is sent, behind logonTags and logonTagFiles, in this order: nonces, times, signatures. Message logs show asterisks for them.") { Default = "[]", Section = FieldKeys };

    /// <param name="readsFiles">False in a replay, which logs on nowhere.</param>
    public static IReadOnlyList<LogonField> Read(ConfigurationObject venue, string folder, bool readsFiles)
    {
        var fields = new List<LogonField>();
        foreach (var o in venue.List(Key.Key))
        {
            var algorithm = (LogonAlgorithm)Math.Max(0, Array.IndexOf(Algorithms, o.Text("algorithm")));
            bool isSecret = algorithm != LogonAlgorithm.None;
            string file = o.Text("secretFile"), variable = o.Text("secretVariable");
            if (!isSecret && (file != "" || variable != "")) o.Error(file != "" ? "secretFile" : "secretVariable", $"\"{file}{variable}\"", "nothing with algorithm \"none\"");
            else if (isSecret && (file == "") == (variable == "")) o.Error("secretFile", file == "" ? "nothing" : "a secretVariable beside it", "one of secretFile and secretVariable");
            if (o.Has("text") && o.Text("text") == "") o.Error("text", "\"\"", "some text");
            fields.Add(new LogonField
            {
                Tag = (int)o.Integer("tag"), LengthTag = (int)o.Integer("lengthTag"), Text = o.Text("text"), Algorithm = algorithm, Encoding = (LogonEncoding)Math.Max(0, Array.IndexOf(Encodings, o.Text("encoding"))),
                NonceBytes = (int)o.Integer("nonceBytes"), Secret = isSecret && readsFiles && (file == "") != (variable == "") ? Secret(o, algorithm, folder, file, variable) : [],
            });
        }
        return fields;
    }

    private static byte[] Secret(ConfigurationObject o, LogonAlgorithm algorithm, string folder, string file, string variable)
    {
        string key = file != "" ? "secretFile" : "secretVariable", text;
        if (file != "")
        {
            try { text = File.ReadAllText(Path.Combine(folder, file)).Trim(); }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                o.Error(key, $"\"{file}\"{(e is FileNotFoundException or DirectoryNotFoundException ? "" : $" ({e.Message})")}", "a file that exists, relative to the desk file, and holds the secret");
                return [];
            }
        }
        else text = Environment.GetEnvironmentVariable(variable)?.Trim() ?? "";
        if (text == "")
        {
            o.Error(key, $"\"{file}{variable}\", which is {(file != "" ? "empty" : "not set, or empty")}", file != "" ? "a file with the secret" : "an environment variable of the host that holds the secret");
            return [];
        }
        if (LogonKey.IsFor(algorithm)) return PrivateKey(o, algorithm, key, $"\"{file}{variable}\"", text);
        try
        {
            byte[] secret = o.Text("secretEncoding") switch { "base64" => Convert.FromBase64String(text), "hex" => Convert.FromHexString(text), _ => Encoding.UTF8.GetBytes(text) };
            if (secret.Length is > 0 and <= 256) return secret;
            o.Error(key, $"a secret of {secret.Length} bytes", "1 to 256 bytes");
        }
        catch (FormatException) { NotWrittenSo(o); }
        return [];
    }

    private static void NotWrittenSo(ConfigurationObject o) => o.Error("secretEncoding", $"\"{o.Text("secretEncoding")}\", which the secret is not written in", "how the secret is written: text, base64 or hex");

    /// <summary>A private key: PEM, or bytes that OpenSSL reads. It is tried here, so that a wrong one is told at the start.</summary>
    private static byte[] PrivateKey(ConfigurationObject o, LogonAlgorithm algorithm, string setting, string name, string text)
    {
        string allowed = $"a private key of {(algorithm == LogonAlgorithm.Ed25519 ? "Ed25519" : "RSA")}: PEM, as `openssl genpkey` writes it, or its bytes by secretEncoding";
        byte[] bytes;
        try
        {
            if (o.Text("secretEncoding") == "base64") bytes = Convert.FromBase64String(text);
            else if (o.Text("secretEncoding") == "hex") bytes = Convert.FromHexString(text);
            else if (!PemEncoding.TryFind(text, out var found))
            {
                o.Error(setting, $"{name}, which holds no PEM", allowed);
                return [];
            }
            else if (text[found.Label] is var label && label is not ("PRIVATE KEY" or "RSA PRIVATE KEY"))
            {
                o.Error(setting, $"{name}, which holds \"{label}\"", label == "ENCRYPTED PRIVATE KEY" ? "a key without a password: `openssl pkey -in FILE -out OTHER` takes it off" : allowed);
                return [];
            }
            else if (text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
            {
                o.Error(setting, $"{name}, which has a password", "a key without a password: `openssl pkey -in FILE -out OTHER` takes it off");
                return [];
            }
            else bytes = Convert.FromBase64String(text[found.Base64Data]);
        }
        catch (FormatException)
        {
            NotWrittenSo(o);
            return [];
        }
        using var key = LogonKey.TryMake(algorithm, bytes, out string problem);
        if (key is not null) return bytes;
        if (problem.StartsWith("is ", StringComparison.Ordinal)) o.Error(setting, $"{name}, which {problem}", allowed);
        else o.Error("algorithm", $"\"{o.Text("algorithm")}\", and {problem}", "an algorithm that this machine has");
        return [];
    }
}

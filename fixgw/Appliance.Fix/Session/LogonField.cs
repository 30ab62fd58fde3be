using System.Security.Cryptography;

namespace Appliance.Fix;

/// <summary>What is done to a field's text before it stands in the Logon.</summary>
public enum LogonAlgorithm : byte
{
    /// <summary>The text itself: a nonce, a time.</summary>
    None,
    /// <summary>HMAC (RFC 2104) of the text with the secret as its key.</summary>
    HmacSha256, HmacSha512,
    /// <summary>SHA-256 of the text with the secret behind it.</summary>
    Sha256WithSecretBehind,
    /// <summary>Ed25519 (RFC 8032) over the text itself.</summary>
    Ed25519,
    /// <summary>RSA over the text's SHA-256: PKCS#1 v1.5, and PSS with a salt of 32 bytes (RFC 8017).</summary>
    RsaSha256, RsaPssSha256,
}

public enum LogonEncoding : byte { Base64, Base64Url, Hex }

/// <summary>
/// A field of our Logon that is made as it is sent: a nonce, a time, a signature over other fields. Venues differ in what they sign and where they want it, so this is data.
/// </summary>
public sealed record LogonField
{
    /// <summary>The tag that the result stands under.</summary>
    public required int Tag { get; init; }
    /// <summary>A tag for the result's length, written before it as a data field wants it (95 before 96); 0 writes none.</summary>
    public int LengthTag { get; init; }
    /// <summary>
    /// The text: letters stand for themselves, {N} for the value of field N as it stands in this Logon before this field, {utcMilliseconds} and {utcSeconds} for its SendingTime since 1970,
    /// {utcMilliseconds+5000} for so much later, {nonce} for random bytes in Base64, others in each Logon.
    /// </summary>
    public required string Text { get; init; }
    public LogonAlgorithm Algorithm { get; init; }
    /// <summary>How the algorithm's result is written.</summary>
    public LogonEncoding Encoding { get; init; }
    /// <summary>The algorithm's secret, decoded; for a signature the private key, as <see cref="LogonKey.TryMake"/> reads it.</summary>
    public byte[] Secret { get; init; } = [];
    /// <summary>Random bytes of a nonce, 8–64.</summary>
    public int NonceBytes { get; init; } = 32;
}

/// <summary>A piece of a field's text.</summary>
/// <param name="Tag">Of a field its tag; of a time what is added to it.</param>
internal readonly record struct LogonTextPart(LogonTextPart.Kind What, byte[] Literal, int Tag)
{
    public enum Kind : byte { Literal, Field, UtcMilliseconds, UtcSeconds, Nonce }

    /// <returns>Null when the text is wrong; <paramref name="problem"/> says how.</returns>
    public static LogonTextPart[]? Parse(string text, out string problem)
    {
        problem = "";
        var parts = new List<LogonTextPart>();
        int at = 0;
        while (at < text.Length)
        {
            int open = text.IndexOf('{', at), close = open < 0 ? -1 : text.IndexOf('}', open);
            string literal = open < 0 ? text[at..] : text[at..open];
            if (literal.Any(c => c is > '~' or '}' || c < ' ' && c != '\u0001') || open >= 0 && close < 0)
            {
                problem = $"\"{text}\" has a brace without its other, or a character that is not ASCII";
                return null;
            }
            if (literal != "") parts.Add(new(Kind.Literal, System.Text.Encoding.ASCII.GetBytes(literal), 0));
            if (open < 0) break;
            string name = text[(open + 1)..close];
            at = close + 1;
            if (int.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int tag) && tag > 0) parts.Add(new(Kind.Field, [], tag));
            else if (name == "nonce") parts.Add(new(Kind.Nonce, [], 0));
            else if (name.Split('+', 2) is var time && time[0] is "utcMilliseconds" or "utcSeconds" && IsCount(time, out int later)) parts.Add(new(time[0] == "utcSeconds" ? Kind.UtcSeconds : Kind.UtcMilliseconds, [], later));
            else
            {
                problem = $"\"{{{name}}}\" is neither {{N}} for a field's value, nor {{utcMilliseconds}}, {{utcSeconds}}, one of these with +N behind it, or {{nonce}}";
                return null;
            }
        }
        return [.. parts];
    }

    private static bool IsCount(string[] time, out int count)
    {
        count = 0;
        return time.Length == 1 || int.TryParse(time[1], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out count);
    }
}

/// <summary>
/// Writes a Logon's computed fields, without allocating: the Logon is made on the thread that trades. Randomness comes in by a delegate, so that a session under test is the same each time.
/// </summary>
internal sealed class LogonSigner
{
    public delegate void NonceSource(Span<byte> bytes);

    /// <summary>Twelve parts, as the options' check has it, each at most an RSA signature in hexadecimal digits.</summary>
    private const int ValueBytesMax = 2 * LogonKey.SignatureBytesMax, TextBytesMax = 12 * ValueBytesMax, SecretBytesMax = 256;
    private readonly (LogonField Field, LogonTextPart[] Parts, byte[] Tag, byte[] LengthTag, LogonKey? Key)[] _fields;
    private readonly NonceSource _nonces;

    public LogonSigner(IReadOnlyList<LogonField> fields, NonceSource? nonces = null)
    {
        _nonces = nonces ?? RandomNumberGenerator.Fill;
        _fields = [.. fields.Select(f => (f, LogonTextPart.Parse(f.Text, out _) ?? throw new ArgumentException($"the text of Logon field {f.Tag} is wrong", nameof(fields)), Name(f.Tag), Name(f.LengthTag), KeyOf(f)))];
        // The library is loaded and the code compiled now, not at the first Logon.
        Span<byte> result = stackalloc byte[LogonKey.SignatureBytesMax], work = stackalloc byte[512], nonce = stackalloc byte[8];
        foreach (var (field, _, _, _, key) in _fields) Compute(field, key, "warm"u8, work, result);
        RandomNumberGenerator.Fill(nonce);
    }

    private static LogonKey? KeyOf(LogonField field)
    {
        if (!LogonKey.IsFor(field.Algorithm)) return null;
        return LogonKey.TryMake(field.Algorithm, field.Secret, out string problem) ?? throw new ArgumentException($"the secret of Logon field {field.Tag}: {problem}", nameof(field));
    }

    private static byte[] Name(int tag) => System.Text.Encoding.ASCII.GetBytes($"{tag}=");

    public void Append(ref FixMessageWriter w, long utcNs)
    {
        Span<byte> text = stackalloc byte[TextBytesMax], work = stackalloc byte[TextBytesMax + SecretBytesMax], result = stackalloc byte[LogonKey.SignatureBytesMax], value = stackalloc byte[ValueBytesMax];
        foreach (var (field, parts, tag, lengthTag, key) in _fields)
        {
            int length = Compose(text, field, parts, w.Written, utcNs);
            ReadOnlySpan<byte> answer = text[..length];
            if (field.Algorithm != LogonAlgorithm.None)
            {
                int size = Compute(field, key, answer, work, result);
                answer = value[..Encode(field.Encoding, result[..size], value)];
            }
            if (field.LengthTag > 0) w.Number(lengthTag, (ulong)answer.Length);
            w.Text(tag, answer);
        }
        CryptographicOperations.ZeroMemory(work);
    }

    private int Compose(Span<byte> text, LogonField field, LogonTextPart[] parts, ReadOnlySpan<byte> written, long utcNs)
    {
        int at = 0;
        Span<byte> nonce = stackalloc byte[64];
        foreach (var part in parts)
        {
            switch (part.What)
            {
                case LogonTextPart.Kind.Literal: at += Copy(part.Literal, text[at..]); break;
                case LogonTextPart.Kind.Field: at += Copy(ValueOf(part.Tag, written), text[at..]); break;
                case LogonTextPart.Kind.UtcMilliseconds: at += FixNumber.WriteNumber(text[at..], (ulong)(utcNs / 1_000_000 + part.Tag)); break;
                case LogonTextPart.Kind.UtcSeconds: at += FixNumber.WriteNumber(text[at..], (ulong)(utcNs / 1_000_000_000 + part.Tag)); break;
                default:
                    _nonces(nonce[..field.NonceBytes]);
                    at += Encode(LogonEncoding.Base64, nonce[..field.NonceBytes], text[at..]);
                    break;
            }
        }
        return at;
    }

    private static int Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        from.CopyTo(to);
        return from.Length;
    }

    /// <summary>The last of that tag that stands there; the options' check has seen that one does.</summary>
    private static ReadOnlySpan<byte> ValueOf(int tag, ReadOnlySpan<byte> written)
    {
        ReadOnlySpan<byte> found = default;
        var fields = new FixFieldReader(written);
        while (fields.Read(out int seen, out var value))
            if (seen == tag) found = value;
        return found;
    }

    private static int Compute(LogonField field, LogonKey? key, ReadOnlySpan<byte> text, Span<byte> work, Span<byte> result)
    {
        switch (field.Algorithm)
        {
            case LogonAlgorithm.HmacSha256: return HMACSHA256.HashData(field.Secret, text, result);
            case LogonAlgorithm.HmacSha512: return HMACSHA512.HashData(field.Secret, text, result);
            case LogonAlgorithm.Sha256WithSecretBehind:
                text.CopyTo(work);
                field.Secret.CopyTo(work[text.Length..]);
                return SHA256.HashData(work[..(text.Length + field.Secret.Length)], result);
            case LogonAlgorithm.Ed25519 or LogonAlgorithm.RsaSha256 or LogonAlgorithm.RsaPssSha256:
                int length = key!.Sign(text, result);
                return length > 0 ? length : throw new InvalidOperationException("OpenSSL did not sign, with a key that it has signed with before");
            default: return 0;
        }
    }

    private static int Encode(LogonEncoding encoding, ReadOnlySpan<byte> bytes, Span<byte> text)
    {
        if (encoding == LogonEncoding.Hex)
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                text[2 * i] = "0123456789abcdef"u8[bytes[i] >> 4];
                text[2 * i + 1] = "0123456789abcdef"u8[bytes[i] & 15];
            }
            return 2 * bytes.Length;
        }
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, text, out _, out int length);
        if (encoding == LogonEncoding.Base64Url)
        {
            // RFC 4648, section 5, with its padding.
            foreach (ref byte c in text[..length]) c = c switch { (byte)'+' => (byte)'-', (byte)'/' => (byte)'_', _ => c };
        }
        return length;
    }
}

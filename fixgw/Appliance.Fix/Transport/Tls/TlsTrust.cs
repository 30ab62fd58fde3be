using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Appliance.Fix;

/// <summary>
/// Whom we take the other end for. With pins: whoever holds a certificate, or a key, that was named to us, whoever issued it and whatever name it bears. Without: whoever bears the
/// name asked for in a certificate whose chain ends at an authority named to us, or at one of this machine's. Either way the certificate must be in its time. Revocation lists are not fetched: a
/// co-located machine does not reach them, and a pin is the answer to a key that was lost.
/// </summary>
public sealed class TlsTrust
{
    private readonly string[] _pins;
    private readonly X509Certificate2Collection? _authorities;
    private readonly Func<DateTime> _nowUtc;
    private readonly string _pinKey, _authorityKey;

    private TlsTrust(string[] pins, X509Certificate2Collection? authorities, Func<DateTime> nowUtc, string pinKey, string authorityKey) =>
        (_pins, _authorities, _nowUtc, _pinKey, _authorityKey) = (pins, authorities, nowUtc, pinKey, authorityKey);

    public bool HasPins => _pins.Length > 0;
    /// <summary>Nothing was named: then everybody whom this machine trusts is trusted.</summary>
    public bool IsMachines => !HasPins && _authorities is null;

    /// <param name="pins">SHA-256 of a certificate or of its public key, 64 hexadecimal digits, with or without colons.</param>
    /// <param name="authorityFile">PEM; null takes this machine's authorities.</param>
    /// <param name="nowUtc">The time by which certificates are judged.</param>
    /// <param name="pinKey">What the user calls the pins, for messages.</param>
    /// <param name="authorityKey">What the user calls the authority file, for messages.</param>
    public static TlsTrust? TryMake(IEnumerable<string> pins, string? authorityFile, Func<DateTime> nowUtc, string pinKey, string authorityKey, out string problem)
    {
        problem = "";
        var sound = new List<string>();
        foreach (string pin in pins)
        {
            if (Digits(pin) is { } digits) sound.Add(digits);
            else return Refuse($"{pinKey}: \"{pin}\" is no SHA-256: 64 hexadecimal digits, with or without colons, as `appliance tls pin` prints them", out problem);
        }
        if (authorityFile is null) return new TlsTrust([.. sound], null, nowUtc, pinKey, authorityKey);
        var authorities = new X509Certificate2Collection();
        try { authorities.ImportFromPemFile(authorityFile); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return Refuse($"{authorityFile}: {(e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message)}; {authorityKey} names a PEM file with the certificates of those who may issue the other end's", out problem); }
        catch (CryptographicException e) { return Refuse($"{authorityFile}: holds no certificate that can be read ({e.Message}); a PEM file is needed", out problem); }
        if (authorities.Count == 0) return Refuse($"{authorityFile}: holds no certificate; a PEM file with BEGIN CERTIFICATE is needed", out problem);
        return new TlsTrust([.. sound], authorities, nowUtc, pinKey, authorityKey);
    }

    private static TlsTrust? Refuse(string text, out string problem)
    {
        problem = text;
        return null;
    }

    public static string? Digits(string pin)
    {
        string digits = pin.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
        return digits.Length == 64 && digits.All(char.IsAsciiHexDigitLower) ? digits : null;
    }

    public static string KeyPin(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
    public static string CertificatePin(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));

    /// <summary>The chain's rules, for the handshake; its verdict comes back in <see cref="Judge"/>.</summary>
    internal X509ChainPolicy ChainPolicy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (_authorities is null) return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(_authorities);
        return policy;
    }

    /// <param name="name">What was asked for: a host's name, or empty for a client's certificate, whose name nobody asked for.</param>
    /// <returns>Null when the other end is who it should be; otherwise what is wrong with its certificate, and the cure.</returns>
    internal string? Judge(X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors, string name)
    {
        if (shown is null) return "showed no certificate";
        using var certificate = new X509Certificate2(shown);
        DateTime now = _nowUtc(), from = certificate.NotBefore.ToUniversalTime(), to = certificate.NotAfter.ToUniversalTime();
        string who = $"its certificate {certificate.Subject}";
        if (now > to) return $"{who} expired on {to:yyyy-MM-dd HH:mm} UTC; it has to be renewed there";
        if (now < from) return $"{who} is valid from {from:yyyy-MM-dd HH:mm} UTC on; look at this machine's clock";
        if (HasPins)
        {
            string key = KeyPin(certificate);
            if (_pins.Contains(key) || _pins.Contains(CertificatePin(certificate))) return null;
            return $"{who} has a public key of SHA-256 {key}, which is not among {_pinKey} ({string.Join(", ", _pins.Select(p => p[..8] + "..."))}); somebody may be in between: only when the other side has confirmed a change of its key, write the new one there";
        }
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && name != "")
        {
            string names = string.Join(", ", certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames()));
            return $"{who} is for {(names == "" ? "no host name" : names)}, and \"{name}\" was asked for; name the right one as the server name, or pin the certificate ({_pinKey})";
        }
        if (!errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors)) return null;
        var statuses = chain is null ? [] : chain.ChainStatus;
        if (statuses.Any(s => s.Status is X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain))
            return $"{who} was issued by {certificate.Issuer}, whom {(_authorities is null ? "this machine does not trust" : $"{_authorityKey} does not hold")}; pin it ({_pinKey}), or name its issuer's certificate ({_authorityKey})";
        return $"{who} is not sound: {string.Join("; ", statuses.Select(s => s.StatusInformation.Trim()).Distinct())}";
    }
}

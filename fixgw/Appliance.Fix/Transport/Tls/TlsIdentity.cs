using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Appliance.Fix;

/// <summary>Where a certificate and its private key lie, as a desk file or a command line names them.</summary>
/// <param name="CertificateFile">PEM, the issuers' certificates behind the own one if need be; or PKCS#12 with the key in it.</param>
/// <param name="KeyFile">PEM; null when the key is in the certificate's file.</param>
/// <param name="PasswordFile">Holds the password of the key; null when it has none.</param>
public sealed record TlsIdentityFiles(string CertificateFile, string? KeyFile, string? PasswordFile);

/// <summary>What we show of ourselves in a handshake: a certificate, its key, its issuers. Read once, and every mistake named with the file and the cure.</summary>
public sealed class TlsIdentity : IDisposable
{
    private readonly X509Certificate2Collection _issuers;

    private TlsIdentity(X509Certificate2 certificate, X509Certificate2Collection issuers)
    {
        Certificate = certificate;
        _issuers = issuers;
        // Offline: what is sent is what the file holds, and nothing is fetched from anywhere.
        Context = SslStreamCertificateContext.Create(certificate, issuers, offline: true);
    }

    public X509Certificate2 Certificate { get; }
    public SslStreamCertificateContext Context { get; }

    /// <returns>Null when it cannot be used; <paramref name="problem"/> then names the file, what is wrong and what to do.</returns>
    public static TlsIdentity? TryRead(TlsIdentityFiles files, DateTime nowUtc, out string problem)
    {
        problem = "";
        string at = files.CertificateFile;
        try
        {
            string? password = null;
            if (files.PasswordFile is not null)
            {
                at = files.PasswordFile;
                password = File.ReadAllText(at).TrimEnd('\r', '\n');
                if (password == "") return Refuse($"{at}: is empty; it must hold the password of the key", out problem);
            }
            at = files.CertificateFile;
            byte[] bytes = File.ReadAllBytes(at);
            if (bytes.AsSpan().IndexOf("-----BEGIN "u8) < 0)
            {
                if (files.KeyFile is not null) return Refuse($"{at}: is no PEM file, and beside a key file a PEM certificate is needed; convert it (openssl pkcs12 -in FILE -nokeys -out cert.pem), or name no key file where it is PKCS#12 with the key in it", out problem);
                return OfPkcs12(bytes, at, password, nowUtc, out problem);
            }
            return OfPem(files, password, nowUtc, ref at, out problem);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Refuse($"{at}: there is no such file; name the file that holds the {(at == files.CertificateFile ? "certificate" : at == files.PasswordFile ? "password" : "private key")}", out problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Refuse($"{at}: cannot be read: {e.Message}; it must be readable by the user who runs the appliance, and by nobody else", out problem);
        }
    }

    private static TlsIdentity? OfPem(TlsIdentityFiles files, string? password, DateTime nowUtc, ref string at, out string problem)
    {
        var all = new X509Certificate2Collection();
        try { all.ImportFromPemFile(files.CertificateFile); }
        catch (CryptographicException e) { return Refuse($"{at}: holds no certificate that can be read ({e.Message}); a PEM file with BEGIN CERTIFICATE is needed", out problem); }
        if (all.Count == 0) return Refuse($"{at}: holds no certificate; a PEM file with BEGIN CERTIFICATE is needed", out problem);
        at = files.KeyFile ?? files.CertificateFile;
        string keyText = File.ReadAllText(at);
        if (!keyText.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            return Refuse($"{at}: holds no private key; {(files.KeyFile is null ? "name the key's file beside the certificate's" : "a PEM file with BEGIN PRIVATE KEY is needed")}", out problem);
        if (keyText.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
            return Refuse($"{at}: the key is encrypted in OpenSSL's old format; convert it: openssl pkcs8 -topk8 -in OLD -out NEW", out problem);
        bool isEncrypted = keyText.Contains("ENCRYPTED PRIVATE KEY", StringComparison.Ordinal);
        if (isEncrypted && password is null) return Refuse($"{at}: the key is encrypted; name the file that holds its password", out problem);
        // A password for a key that has none does no harm, but somebody believes the key to be protected.
        if (!isEncrypted && password is not null) return Refuse($"{at}: the key is not encrypted, and a password is named; take the password's file away, or encrypt the key: openssl pkcs8 -topk8 -in OLD -out NEW", out problem);
        X509Certificate2 own;
        try
        {
            string certificateText = File.ReadAllText(files.CertificateFile);
            own = isEncrypted ? X509Certificate2.CreateFromEncryptedPem(certificateText, keyText, password) : X509Certificate2.CreateFromPem(certificateText, keyText);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            string cure = isEncrypted ? $"the password in {files.PasswordFile} is wrong, or the key is not that of {files.CertificateFile}" : $"it must be the private key of {files.CertificateFile}";
            return Refuse($"{at}: the key cannot be used ({e.Message}); {cure}", out problem);
        }
        foreach (var one in all.Where(c => c.Thumbprint == own.Thumbprint).ToList()) all.Remove(one);
        return Checked(own, all, files.CertificateFile, nowUtc, out problem);
    }

    private static TlsIdentity? OfPkcs12(byte[] bytes, string file, string? password, DateTime nowUtc, out string problem)
    {
        try
        {
            var all = X509CertificateLoader.LoadPkcs12Collection(bytes, password);
            if (all.FirstOrDefault(c => c.HasPrivateKey) is not { } own) return Refuse($"{file}: holds no private key; export it again with the key in it", out problem);
            all.Remove(own);
            return Checked(own, all, file, nowUtc, out problem);
        }
        catch (CryptographicException e)
        {
            return Refuse($"{file}: is neither PEM nor PKCS#12 that can be opened ({e.Message}); {(password is null ? "name the file that holds its password" : "the password is wrong, or the file is damaged")}", out problem);
        }
    }

    private static TlsIdentity? Checked(X509Certificate2 own, X509Certificate2Collection issuers, string file, DateTime nowUtc, out string problem)
    {
        problem = "";
        if (nowUtc > own.NotAfter.ToUniversalTime()) return Refuse($"{file}: the certificate {own.Subject} expired on {own.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC; ask its issuer for a new one", out problem);
        if (nowUtc < own.NotBefore.ToUniversalTime()) return Refuse($"{file}: the certificate {own.Subject} is valid from {own.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} UTC on; look at this machine's clock, or wait", out problem);
        return new TlsIdentity(own, issuers);
    }

    private static TlsIdentity? Refuse(string text, out string problem)
    {
        problem = text;
        return null;
    }

    public void Dispose()
    {
        Certificate.Dispose();
        foreach (var issuer in _issuers) issuer.Dispose();
    }
}

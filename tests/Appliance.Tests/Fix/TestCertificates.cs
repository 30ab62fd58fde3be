using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Appliance.Tests.Fix;

/// <summary>Certificates of a small authority of our own, as files in a folder, the way a desk's administrator has them.</summary>
internal sealed class TestCertificates : IDisposable
{
    public const string Password = "open sesame";
    private readonly string _folder = Directory.CreateTempSubdirectory("fixtls").FullName;
    private readonly X509Certificate2 _authority;

    public TestCertificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test Authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow.AddDays(30));
        Write("authority.pem", _authority.ExportCertificatePem());
        Issue("venue", "venue.example");
        Issue("desk", "desk.example");
        Issue("expired", "venue.example", -20, -1);
        Issue("early", "venue.example", 1, 20);
        using var lone = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var self = new CertificateRequest("CN=Stranger", lone, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Write("stranger.pem", self.ExportCertificatePem());
        Write("stranger.key", lone.ExportPkcs8PrivateKeyPem());
        Write("password", Password + "\n");
        Write("wrong-password", "open barley\n");
        Write("empty", "");
    }

    public string At(string name) => Path.Combine(_folder, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    public X509Certificate2 Certificate(string name) => X509CertificateLoader.LoadCertificateFromFile(At(name + ".pem"));

    private void Issue(string name, string host, int fromDays = -1, int toDays = 20)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        using var certificate = request.Create(_authority, DateTimeOffset.UtcNow.AddDays(fromDays), DateTimeOffset.UtcNow.AddDays(toDays), RandomNumberGenerator.GetBytes(8));
        using var own = certificate.CopyWithPrivateKey(key);
        Write(name + ".pem", certificate.ExportCertificatePem());
        Write(name + ".key", key.ExportPkcs8PrivateKeyPem());
        Write(name + ".locked.key", key.ExportEncryptedPkcs8PrivateKeyPem(Password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 2_000)));
        Write(name + ".both.pem", certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        File.WriteAllBytes(At(name + ".p12"), own.Export(X509ContentType.Pkcs12, Password));
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, true);
    }
}

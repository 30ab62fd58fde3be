using System.Security.Cryptography;
using System.Text;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>Logons signed with a private key. Ed25519 beside the vectors of RFC 8032 and a venue's worked example, RSA verified by the runtime's own; OpenSSL's command line verifies both in the interop tests.</summary>
public class LogonKeyTests
{
    /// <summary>Of RFC 8032, section 7.1, test 1.</summary>
    internal static byte[] Seed => Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");

    private static readonly RSA Rsa = RSA.Create(2048);

    internal static byte[] RsaKey => Rsa.ExportPkcs8PrivateKey();

    /// <summary>RFC 8032, section 7.1, tests 1 to 3.</summary>
    [Theory]
    [InlineData("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void Ed25519_signs_as_its_specification_has_it(string seed, string message, string expected)
    {
        using var key = LogonKey.TryMake(LogonAlgorithm.Ed25519, Convert.FromHexString(seed), out string problem);
        Assert.Equal("", problem);
        byte[] signature = new byte[LogonKey.SignatureBytesMax];
        int length = key!.Sign(Convert.FromHexString(message), signature);
        Assert.Equal(expected, Convert.ToHexStringLower(signature.AsSpan(0, length)));
    }

    /// <summary>Binance prints the key, the five fields, the signature, and warns that the key is for illustration: github.com/binance/binance-spot-api-docs, fix-api.md, read in November 2026.</summary>
    [Fact]
    public void A_venue_s_worked_example_comes_out()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with
        {
            LogonFields = "553=KEY\u000125035=2\u0001"u8.ToArray(),
            ComputedLogonFields =
            [
                new LogonField
                {
                    Tag = 96, LengthTag = 95, Text = "{35}\u0001EXAMPLE\u0001SPOT\u0001{34}\u000120240627-11:17:25.223", Algorithm = LogonAlgorithm.Ed25519,
                    Secret = Convert.FromBase64String("MC4CAQAwBQYDK2VwBCIEIIJEYWtGBrhACmb9Dvy+qa8WEf0lQOl1s4CLIAB9m89u"),
                },
            ],
        }).Connect();
        Assert.Equal(["A 1 98=0 108=10 553=KEY 25035=2 95=88 96=4MHXelVVcpkdwuLbl6n73HQUXUf1dse2PCgT1DYqW9w8AVZ1RACFGM+5UdlGPrQHrgtS3CvsRURC1oj73j8gCA=="], rig.TakeWritten());
    }

    /// <summary>Another venue wants a time five seconds ahead, signed by RSA, and the time beside it.</summary>
    [Fact]
    public void A_time_to_come_is_signed_and_stated()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with
        {
            ComputedLogonFields = [new LogonField { Tag = 30023, Text = "{utcMilliseconds+5000}" }, new LogonField { Tag = 96, LengthTag = 95, Text = "GET/realtime{30023}", Algorithm = LogonAlgorithm.RsaSha256, Secret = RsaKey }],
        }).Connect();
        string logon = Assert.Single(rig.TakeWritten());
        Assert.StartsWith("A 1 98=0 108=10 30023=1700000005000 95=344 96=", logon, StringComparison.Ordinal);
        Assert.True(Rsa.VerifyData("GET/realtime1700000005000"u8, Convert.FromBase64String(logon.Split("96=")[1]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    [Theory]
    [InlineData(LogonAlgorithm.RsaSha256, 2048, false)]
    [InlineData(LogonAlgorithm.RsaSha256, 4096, false)]
    [InlineData(LogonAlgorithm.RsaPssSha256, 2048, false)]
    [InlineData(LogonAlgorithm.RsaPssSha256, 3072, true)]
    public void Rsa_signatures_verify(LogonAlgorithm algorithm, int bits, bool isPkcs1)
    {
        using RSA rsa = RSA.Create(bits);
        using var key = LogonKey.TryMake(algorithm, isPkcs1 ? rsa.ExportRSAPrivateKey() : rsa.ExportPkcs8PrivateKey(), out string problem);
        Assert.Equal("", problem);
        byte[] text = Encoding.ASCII.GetBytes("20261122-00:00:00.000\u0001A\u00011\u0001DESK\u0001VENUE"), signature = new byte[LogonKey.SignatureBytesMax];
        int length = key!.Sign(text, signature);
        Assert.Equal(bits / 8, length);
        // The runtime takes a salt of the digest's length and no other.
        var padding = algorithm == LogonAlgorithm.RsaPssSha256 ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        Assert.True(rsa.VerifyData(text, signature.AsSpan(0, length), HashAlgorithmName.SHA256, padding));
        text[0] ^= 1;
        Assert.False(rsa.VerifyData(text, signature.AsSpan(0, length), HashAlgorithmName.SHA256, padding));
    }

    /// <summary>The longest signature in the longest encoding, and another field made of it, fit into a Logon.</summary>
    [Fact]
    public void The_longest_signature_fits()
    {
        using RSA rsa = RSA.Create(4096);
        var rig = new SessionRig(FixRole.Initiator, s => s with
        {
            ComputedLogonFields =
            [
                new LogonField { Tag = 96, LengthTag = 95, Text = "{52}", Algorithm = LogonAlgorithm.RsaSha256, Encoding = LogonEncoding.Hex, Secret = rsa.ExportPkcs8PrivateKey() },
                new LogonField { Tag = 8001, Text = string.Concat(Enumerable.Repeat("{96}", 12)), Algorithm = LogonAlgorithm.HmacSha256, Secret = [1] },
            ],
        }).Connect();
        string logon = Assert.Single(rig.TakeWritten());
        Assert.Contains("95=1024 96=", logon, StringComparison.Ordinal);
        Assert.Equal(1024, logon.Split("96=")[1].Split(' ')[0].Length);
    }

    [Fact]
    public void A_key_that_is_none_is_named()
    {
        using RSA small = RSA.Create(1024);
        using ECDsa curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var (algorithm, bytes, expected) in new[]
        {
            (LogonAlgorithm.Ed25519, new byte[31], "is no private key that OpenSSL can read"), (LogonAlgorithm.RsaSha256, Seed, "is no private key that OpenSSL can read"),
            (LogonAlgorithm.Ed25519, RsaKey, "is a private key, but not of Ed25519"), (LogonAlgorithm.RsaPssSha256, curve.ExportPkcs8PrivateKey(), "is a private key, but not of RSA"),
            (LogonAlgorithm.RsaSha256, small.ExportPkcs8PrivateKey(), "is an RSA key of 1024 bits; 2048 to 4096 are taken"), (LogonAlgorithm.Ed25519, [], "is no private key that OpenSSL can read"),
        })
        {
            Assert.Null(LogonKey.TryMake(algorithm, bytes, out string problem));
            Assert.Equal(expected, problem);
            var options = new FixSessionOptions { Host = "h", Port = 1, SenderCompId = "DESK", TargetCompId = "VENUE", ComputedLogonFields = [new LogonField { Tag = 96, Text = "{52}", Algorithm = algorithm, Secret = bytes }] };
            Assert.Contains(options.Check(), w => w.Contains(expected, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_machine_without_the_library_is_told_so()
    {
        Assert.Null(LogonKey.TryMake(LogonAlgorithm.Ed25519, Seed, out string problem, ["libnosuchcrypto.so.9"]));
        Assert.StartsWith("OpenSSL's libcrypto, which signs, is not on this machine (looked for libnosuchcrypto.so.9", problem, StringComparison.Ordinal);
        // A library that is there and is another one.
        Assert.Null(LogonKey.TryMake(LogonAlgorithm.Ed25519, Seed, out problem, ["libm.so.6"]));
        Assert.StartsWith("OpenSSL's libcrypto on this machine is older than 1.1.1", problem, StringComparison.Ordinal);
    }
}

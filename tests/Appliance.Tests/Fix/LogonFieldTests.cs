using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>Logon fields that are made as the Logon is sent. The expected values were computed by Python's hmac, hashlib and base64.</summary>
public class LogonFieldTests
{
    private static SessionRig Rig(byte[] logonFields, params LogonField[] computed) => new(FixRole.Initiator, s => s with
    {
        LogonFields = logonFields, ComputedLogonFields = computed,
        Nonces = bytes =>
        {
            for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)i;
        },
    });

    [Fact]
    public void A_signature_over_header_and_password_as_one_venue_wants_it()
    {
        var rig = Rig("553=key\u0001554=phrase\u0001"u8.ToArray(), new LogonField
        {
            Tag = 96, LengthTag = 95, Text = "{52}\u0001{35}\u0001{34}\u0001{49}\u0001{56}\u0001{554}", Algorithm = LogonAlgorithm.HmacSha256, Secret = "secret-key"u8.ToArray(),
        });
        rig.Connect();
        // The number is signed, and written, without the zeros that other messages of ours bear.
        Assert.Equal(["A 1 98=0 108=10 553=key 554=phrase 95=44 96=38yOpyuztO/87TK4y/076LIO9EmlokjF9DeIEQxzLWQ="], rig.TakeWritten());
        rig.Receive("A", 1, "98=0|108=10|");
        Assert.Equal(["1 2 112=1"], rig.TakeWritten());
    }

    [Fact]
    public void A_time_and_a_nonce_and_a_password_made_of_them_as_another_wants_it()
    {
        var rig = Rig("553=client\u0001"u8.ToArray(),
            new LogonField { Tag = 96, LengthTag = 95, Text = "{utcMilliseconds}.{nonce}" },
            new LogonField { Tag = 554, Text = "{96}", Algorithm = LogonAlgorithm.Sha256WithSecretBehind, Secret = "hush"u8.ToArray() });
        rig.Connect();
        Assert.Equal(["A 1 98=0 108=10 553=client 95=58 96=1700000000000.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= 554=Lqh4nR+POA+9CK1ZDLLqtIQ6QNTpek1rrr9QxE6ATtk="], rig.TakeWritten());
    }

    [Fact]
    public void Other_encodings_and_algorithms()
    {
        var rig = Rig([],
            new LogonField { Tag = 8001, Text = "{utcSeconds}/{49}", Algorithm = LogonAlgorithm.HmacSha512, Encoding = LogonEncoding.Hex, Secret = "k"u8.ToArray() },
            new LogonField { Tag = 8002, Text = "x1", Algorithm = LogonAlgorithm.HmacSha256, Encoding = LogonEncoding.Base64Url, Secret = "k"u8.ToArray() });
        rig.Connect();
        Assert.Equal(["A 1 98=0 108=10 8001=e200bd8353c32211d69e368bddcb012269ca16e4eeb01b54e893308c5b25e72faefe7c0f5cf5dcb162bbd62ff0dc01ae13e6121af11c1fc526880401783f39d6 8002=wJ4lIy7H-SGAp_00WXcXrKc9BeOTfpQ1_6aFAYdvPmU="], rig.TakeWritten());
    }

    [Fact]
    public void Each_logon_has_a_nonce_of_its_own()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { ComputedLogonFields = [new LogonField { Tag = 96, Text = "{nonce}", NonceBytes = 16 }] });
        var seen = new HashSet<string>();
        for (int i = 0; i < 20; i++)
        {
            rig.Connect();
            seen.Add(Assert.Single(rig.TakeWritten()).Split(' ')[^1]);
            rig.Session.OnLinkLost(rig.NowNs, rig.UtcNs);
        }
        Assert.Equal(20, seen.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_is_made_without_allocating(bool control)
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with
        {
            LogonFields = "554=phrase\u0001"u8.ToArray(), ComputedLogonFields =
            [
                new LogonField { Tag = 96, Text = "{utcMilliseconds}.{nonce}" },
                new LogonField { Tag = 8001, Text = "{96}{52}{34}{554}", Algorithm = LogonAlgorithm.HmacSha256, Secret = "k"u8.ToArray() },
                new LogonField { Tag = 8002, Text = "{96}", Algorithm = LogonAlgorithm.Sha256WithSecretBehind, Secret = "k"u8.ToArray() },
                new LogonField { Tag = 8003, Text = "{96}", Algorithm = LogonAlgorithm.Ed25519, Secret = LogonKeyTests.Seed },
                new LogonField { Tag = 8004, Text = "{8003}", Algorithm = LogonAlgorithm.RsaPssSha256, Secret = LogonKeyTests.RsaKey },
            ],
        }) { Quiet = true };
        object? garbage = null;
        void Once()
        {
            rig.Session.OnConnected(rig.NowNs, rig.UtcNs);
            rig.Session.OnLinkLost(rig.NowNs, rig.UtcNs);
            if (control) garbage = new byte[1];
        }
        for (int i = 0; i < 50; i++) Once();
        using var pause = new TestKit.CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Once();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (control) Assert.True(allocated >= 2_400 && garbage is not null, $"the control allocated only {allocated} bytes");
        else Assert.Equal(0, allocated);
    }

    [Theory]
    [InlineData("{553}", "{553} names a field that does not stand in the Logon before it")]
    [InlineData("{96}", "{96} names a field that does not stand")]
    [InlineData("{10}", "{10} names a field that does not stand")]
    [InlineData("{time}", "\"{time}\" is neither {N} for a field's value")]
    [InlineData("{utcSeconds+x}", "\"{utcSeconds+x}\" is neither {N} for a field's value")]
    [InlineData("{nonce+5}", "\"{nonce+5}\" is neither {N} for a field's value")]
    [InlineData("{52", "has a brace without its other")]
    [InlineData("52}", "has a brace without its other")]
    [InlineData("", "its text has no characters")]
    public void A_text_that_cannot_be_made_is_named_before_anything_connects(string text, string expected)
    {
        var options = new FixSessionOptions
        {
            Host = "127.0.0.1", Port = 1, SenderCompId = "DESK", TargetCompId = "VENUE",
            ComputedLogonFields = [new LogonField { Tag = 96, Text = text, Algorithm = LogonAlgorithm.HmacSha256, Secret = [1] }],
        };
        Assert.Contains(options.Check(), w => w.StartsWith("computed Logon field 96: ", StringComparison.Ordinal) && w.Contains(expected, StringComparison.Ordinal));
        Assert.Contains((options with { ComputedLogonFields = [new LogonField { Tag = 108, Text = "x" }] }).Check(), w => w.Contains("stands in the Logon already", StringComparison.Ordinal));
        Assert.Contains((options with { ComputedLogonFields = [new LogonField { Tag = 96, Text = "x", Algorithm = LogonAlgorithm.HmacSha256 }] }).Check(), w => w.Contains("needs a secret", StringComparison.Ordinal));
        Assert.Empty((options with { ComputedLogonFields = [new LogonField { Tag = 96, Text = "{52}{49}{108}", Algorithm = LogonAlgorithm.HmacSha256, Secret = [1] }] }).Check());
    }

    // ---- venues that repeat nothing ----

    [Fact]
    public void Where_nothing_is_repeated_a_logon_with_a_higher_number_is_taken_and_nothing_is_asked_for()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { PeerRepeats = false }).Connect();
        rig.TakeWritten();
        rig.Receive("A", 7, "98=0|108=10|");
        Assert.Equal(["1 2 112=1"], rig.TakeWritten());
        rig.Receive("0", 8, "112=1|");
        Assert.True(rig.Session.IsUp);
        Assert.Equal((6L, 1L, 0L, 9u), (rig.Session.Counters.MissedForGood, rig.Session.Counters.GapsSeen, rig.Session.Counters.ResendRequestsOut, rig.Store.NextIncoming));
    }

    [Fact]
    public void Where_nothing_is_repeated_a_gap_ends_the_session_and_the_next_logon_goes_on_behind_it()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { PeerRepeats = false }).Connect();
        rig.Receive("A", 1, "98=0|108=10|").Receive("0", 2, "112=1|");
        Assert.True(rig.Session.IsUp);
        rig.TakeWritten();
        rig.Receive("8", 5, "37=1|");
        Assert.StartsWith("5 3 58=MsgSeqNum too high, expecting 3 but received 5, and nothing is repeated", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
        Assert.Equal((FixSessionState.Disconnected, FixDownReason.MessagesMissed, 0L), (rig.Session.State, rig.Session.Counters.LastDownReason, rig.Session.Counters.ResendRequestsOut));
        rig.Connect().Receive("A", 9, "98=0|108=10|");
        rig.Receive("0", 10, $"112={rig.TakeWritten().Single(w => w.StartsWith("1 ", StringComparison.Ordinal)).Split("112=")[1]}|");
        Assert.True(rig.Session.IsUp);
        Assert.Equal(6L, rig.Session.Counters.MissedForGood);
    }
}

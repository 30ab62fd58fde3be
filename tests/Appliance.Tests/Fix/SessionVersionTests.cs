using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>What differs by version or by a session's options: transport and application versions, next expected numbers, chunks, resets within the session, refusals.</summary>
public class SessionVersionTests
{
    public static TheoryData<string> Versions => [.. FixVersion.All.Select(v => v.Name)];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_version_logs_on_takes_a_message_and_rejects_as_it_can(string name)
    {
        var version = FixVersion.Parse(name);
        var rig = new SessionRig(FixRole.Initiator, s => s with { SynchroniseAfterLogon = false }, version).Connect();
        string application = version.IsFixt ? $" 1137={version.DefaultApplVerId}" : "";
        Assert.Equal([$"A 1 98=0 108=10{application}"], rig.TakeWritten());
        rig.Receive("A", 1, $"98=0|108=10|{(version.IsFixt ? $"1137={version.DefaultApplVerId}|" : "")}");
        Assert.Equal(["logon", "up"], rig.TakeTold());
        rig.Receive("8", 2, "37=1|");
        Assert.Equal(["message 2"], rig.TakeTold());
        rig.Receive("8", 3, header: "97=Q|");
        string rejected = version.IsAtLeast(FixVersion.Fix42) ? "3 2 45=3 58=Incorrect data format for value 371=97 372=8 373=6" : "3 2 45=3 58=Incorrect data format for value (97)";
        Assert.Equal([rejected], rig.TakeWritten());
        rig.Receive("8", 9);
        Assert.Equal([$"2 3 7=4 16={(version.IsAtLeast(FixVersion.Fix42) ? 0 : 999999)}"], rig.TakeWritten());
    }

    [Fact]
    public void A_fixt_logon_without_or_with_another_application_version_is_refused()
    {
        foreach (string fields in new[] { "98=0|108=10|", "98=0|108=10|1137=8|" })
        {
            var rig = new SessionRig(FixRole.Acceptor, version: FixVersion.Fix50).Connect();
            rig.Receive("A", 1, fields);
            Assert.Empty(rig.TakeWritten());
            Assert.Equal(["cut Protocol"], rig.TakeTold());
        }
    }

    [Fact]
    public void A_refusal_by_the_host_is_said_in_a_logout()
    {
        var rig = new SessionRig(FixRole.Acceptor) { Refusal = "wrong password"u8.ToArray() }.Connect();
        rig.Receive("A", 1, "98=0|108=10|553=me|554=x|");
        Assert.Equal(["5 1 58=wrong password"], rig.TakeWritten());
        Assert.Equal(["logon", "cut LogonRefused"], rig.TakeTold());
    }

    [Fact]
    public void A_test_session_and_a_real_one_do_not_meet()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { TestSession = true }).Connect();
        Assert.Equal(["A 1 98=0 108=10 464=Y"], rig.TakeWritten());
        rig.Receive("A", 1, "98=0|108=10|");
        Assert.StartsWith("5 2 58=Logon refused", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
        Assert.Equal(["cut Protocol"], rig.TakeTold());
    }

    [Fact]
    public void With_next_expected_numbers_both_sides_resend_without_being_asked()
    {
        var rig = new SessionRig(FixRole.Acceptor, s => s with { UseNextExpectedSequence = true }).Connect().Receive("A", 1, "98=0|108=10|789=1|");
        rig.Report(1);
        rig.Report(2);
        rig.Session.OnLinkLost(rig.NowNs, rig.UtcNs);
        rig.TakeWritten();
        // The peer says that it expects number 2 of us, and itself sends number 4 where 2 is expected: it will send 2 and 3 by itself.
        rig.Connect().Receive("A", 4, "98=0|108=10|789=2|");
        string[] written = rig.TakeWritten();
        Assert.Equal("A 4 98=0 108=10 789=2", written[0]);
        Assert.StartsWith("8 2 43=Y", written[1], StringComparison.Ordinal);
        Assert.StartsWith("8 3 43=Y", written[2], StringComparison.Ordinal);
        Assert.Equal(3, written.Length);
        rig.TakeTold();
        rig.Receive("D", 2, header: "43=Y|").Receive("D", 3, header: "43=Y|").Receive("D", 5);
        Assert.Equal(["message 2 dup", "message 3 dup", "message 5"], rig.TakeTold());
        Assert.Equal(6u, rig.Store.NextIncoming);
        Assert.Empty(rig.TakeWritten());
    }

    [Fact]
    public void A_next_expected_number_that_was_never_sent_ends_the_session()
    {
        var rig = new SessionRig(FixRole.Acceptor).Connect().Receive("A", 1, "98=0|108=10|789=9|");
        Assert.Equal(["5 1 58=NextExpectedMsgSeqNum too high, expecting 1 but received 9"], rig.TakeWritten());
    }

    [Fact]
    public void A_gap_is_asked_for_in_chunks()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { ResendChunk = 3 }).Up();
        rig.Receive("8", 11);
        Assert.Equal(["2 3 7=3 16=5"], rig.TakeWritten());
        rig.Receive("8", 3, header: "43=Y|").Receive("8", 4, header: "43=Y|");
        Assert.Empty(rig.TakeWritten());
        rig.Receive("8", 5, header: "43=Y|");
        Assert.Equal(["2 4 7=6 16=8"], rig.TakeWritten());
        rig.Receive("4", 6, "36=9|123=Y|", "43=Y|");
        Assert.Equal(["2 5 7=9 16=11"], rig.TakeWritten());
        rig.Receive("8", 9, header: "43=Y|").Receive("8", 10, header: "43=Y|").Receive("8", 11, header: "43=Y|");
        Assert.Equal(12u, rig.Store.NextIncoming);
        Assert.Equal("message 11", rig.TakeTold()[^1]);
        Assert.False(rig.Session.IsRecovering);
    }

    [Fact]
    public void A_logon_with_reset_within_the_session_begins_anew_and_our_own_is_answered()
    {
        var rig = new SessionRig(FixRole.Acceptor).Connect().Receive("A", 1, "98=0|108=10|").Receive("1", 2, "112=a|");
        rig.TakeWritten();
        rig.Receive("A", 1, "98=0|108=20|141=Y|");
        Assert.Equal(["A 1 98=0 108=20 141=Y"], rig.TakeWritten());
        Assert.Equal((2u, 2u), (rig.Store.NextOutgoing, rig.Store.NextIncoming));
        rig.Receive("1", 2, "112=b|");
        Assert.Equal(["0 2 112=b"], rig.TakeWritten());

        rig = new SessionRig(FixRole.Initiator).Up();
        Assert.True(rig.Session.ResetSequenceNumbers(rig.NowNs, rig.UtcNs));
        Assert.Equal(["A 1 98=0 108=10 141=Y"], rig.TakeWritten());
        rig.Receive("A", 1, "98=0|108=10|141=Y|");
        Assert.Empty(rig.TakeWritten());
        Assert.Equal((2u, 2u), (rig.Store.NextOutgoing, rig.Store.NextIncoming));
        Assert.True(rig.Session.IsUp);
    }

    [Fact]
    public void A_logon_without_reset_within_the_session_ends_it()
    {
        var rig = new SessionRig(FixRole.Acceptor).Connect().Receive("A", 1, "98=0|108=10|");
        rig.TakeWritten();
        rig.Receive("A", 2, "98=0|108=10|");
        Assert.Equal(["5 2 58=Logon within a session"], rig.TakeWritten());
    }

    [Fact]
    public void Without_a_heartbeat_interval_nothing_is_sent_and_silence_is_borne()
    {
        var rig = new SessionRig(FixRole.Acceptor).Connect().Receive("A", 1, "98=0|108=0|");
        rig.TakeWritten();
        rig.Pass(3_600);
        Assert.Empty(rig.TakeWritten());
        Assert.True(rig.Session.IsUp);
    }

    [Fact]
    public void A_duplicate_must_say_when_it_was_first_sent()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("8", 3).Receive("8", 3, header: "97=N|43=Y|");
        Assert.Equal(["3 3 45=3 58=Required tag missing 371=122 372=8 373=1"], rig.TakeWritten());
        Assert.Equal(4u, rig.Store.NextIncoming);
        rig.Receive("8", 3, header: $"43=Y|122={SessionRig.TimeText(rig.UtcNs + 1_000_000_000)}|");
        Assert.Equal(["3 4 45=3 58=SendingTime accuracy problem 372=8 373=10", "5 5"], rig.TakeWritten());
    }

    [Fact]
    public void What_is_held_back_is_taken_only_while_there_is_room_for_it()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("8", 4).Receive("8", 5);
        rig.Receive("8", 3, header: "43=Y|");
        Assert.Equal(["message 3 dup", "message 4", "message 5"], rig.TakeTold());
        rig.Receive("8", 7).Receive("8", 8);
        rig.Limit = 1;
        rig.Receive("8", 6, header: "43=Y|");
        Assert.Equal(["message 6 dup"], rig.TakeTold());
        rig.Limit = 1;
        rig.Pass(0.01);
        Assert.Equal(["message 7"], rig.TakeTold());
        rig.Limit = long.MaxValue;
        rig.Pass(0.01);
        Assert.Equal(["message 8"], rig.TakeTold());
    }

    [Fact]
    public void More_than_fits_is_held_back_by_nobody_and_comes_with_the_resend()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { HoldBackBytes = 300 }).Up();
        for (uint i = 4; i < 40; i++) rig.Receive("8", i);
        for (uint i = 3; i < 40; i++) rig.Receive("8", i, header: "43=Y|");
        Assert.Equal(37, rig.TakeTold().Select(t => t.Split(' ')[1]).Distinct().Count());
        Assert.Equal(40u, rig.Store.NextIncoming);
        Assert.Single(rig.TakeWritten());
    }

    [Fact]
    public void An_initiator_may_be_told_to_repeat_its_messages()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { ResendApplicationMessages = true }).Up();
        rig.Order(101);
        rig.TakeWritten();
        rig.Receive("2", 3, "7=3|16=3|");
        Assert.StartsWith("D 3 43=Y", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
        Assert.Empty(rig.TakeTold());
    }
}

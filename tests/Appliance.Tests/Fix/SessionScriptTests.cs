using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>Scripts against the state machine; the rules are those of the FIX 4.4 session protocol (volume 2) and its test cases.</summary>
public class SessionScriptTests
{
    [Fact]
    public void Logon_then_test_request_then_up()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { LogonFields = "9002=Y\u0001"u8.ToArray() }).Connect();
        Assert.Equal(["A 1 98=0 108=10 9002=Y"], rig.TakeWritten());
        rig.Receive("A", 1, "98=0|108=10|");
        Assert.Equal(["1 2 112=1"], rig.TakeWritten());
        Assert.Equal(["logon"], rig.TakeTold());
        Assert.Equal(SendResult.Disconnected, rig.Order(1));
        rig.Receive("0", 2, "112=1|");
        Assert.Equal(["up"], rig.TakeTold());
        Assert.Equal(SendResult.Sent, rig.Order(1));
        Assert.StartsWith("D 3 55=AAPL", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unrelated_heartbeat_does_not_bring_the_session_up()
    {
        var rig = new SessionRig(FixRole.Initiator).Connect();
        rig.Receive("A", 1, "98=0|108=10|").Receive("0", 2).Receive("0", 3, "112=99|");
        Assert.False(rig.Session.IsUp);
    }

    [Fact]
    public void Reset_flag_begins_both_numbers_anew()
    {
        var rig = new SessionRig(FixRole.Initiator, s => s with { ResetSequenceNumbersOnLogon = true, SynchroniseAfterLogon = false });
        rig.Store.MoveOutgoing(40);
        rig.Store.NextIncoming = 50;
        rig.Connect();
        Assert.Equal(["A 1 98=0 108=10 141=Y"], rig.TakeWritten());
        rig.Receive("A", 1, "98=0|108=10|141=Y|");
        Assert.True(rig.Session.IsUp);
        Assert.Equal((2u, 2u), (rig.Store.NextOutgoing, rig.Store.NextIncoming));
    }

    [Fact]
    public void An_acceptor_answers_with_the_initiators_interval_and_honours_the_reset()
    {
        var rig = new SessionRig(FixRole.Acceptor);
        rig.Store.MoveOutgoing(9);
        rig.Store.NextIncoming = 9;
        rig.Connect().Receive("A", 1, "98=0|108=7|141=Y|");
        Assert.Equal(["A 1 98=0 108=7 141=Y"], rig.TakeWritten());
        Assert.Equal(["logon", "up"], rig.TakeTold());
        rig.Pass(6.9);
        Assert.Empty(rig.TakeWritten());
        rig.Pass(0.2);
        Assert.Equal(["0 2"], rig.TakeWritten());
    }

    [Theory]
    [InlineData("D", "", "cut Protocol")]
    [InlineData("5", "58=no|", "cut LogonRefused")]
    public void Anything_before_the_logon_ends_the_connection(string type, string body, string told)
    {
        var rig = new SessionRig(FixRole.Initiator).Connect();
        rig.TakeWritten();
        rig.Receive(type, 1, body);
        Assert.Empty(rig.TakeWritten());
        Assert.Equal([told], rig.TakeTold());
    }

    [Fact]
    public void A_logon_that_is_malformed_encrypted_or_for_another_is_turned_away_in_silence_by_an_acceptor_and_in_words_by_an_initiator()
    {
        foreach (var (body, sender) in new[] { ("98=1|108=10|", "VENUE"), ("98=0|", "VENUE"), ("98=0|108=x|", "VENUE"), ("98=0|108=10|", "OTHER") })
        {
            var rig = new SessionRig(FixRole.Acceptor).Connect();
            rig.Receive("A", 1, body, sender: sender);
            Assert.Empty(rig.TakeWritten());
            Assert.StartsWith("cut ", Assert.Single(rig.TakeTold()), StringComparison.Ordinal);
            rig = new SessionRig(FixRole.Initiator).Connect();
            rig.TakeWritten();
            rig.Receive("A", 1, body, sender: sender);
            Assert.StartsWith("5 2 58=", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
            Assert.StartsWith("cut ", Assert.Single(rig.TakeTold()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_gap_is_asked_for_once_and_what_comes_early_waits_for_its_turn()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("8", 5).Receive("8", 6);
        Assert.Equal(["2 3 7=3 16=0"], rig.TakeWritten());
        Assert.Empty(rig.TakeTold());
        rig.Receive("8", 3, header: "43=Y|").Receive("8", 4, header: "43=Y|").Receive("8", 5, header: "43=Y|").Receive("8", 6, header: "43=Y|").Receive("8", 7);
        Assert.Equal(["message 3 dup", "message 4 dup", "message 5", "message 6", "message 7"], rig.TakeTold());
        Assert.Empty(rig.TakeWritten());
        rig.Receive("8", 9);
        Assert.Equal(["2 4 7=8 16=0"], rig.TakeWritten());
    }

    [Fact]
    public void A_gap_fill_moves_the_number_and_a_repeated_message_is_dropped()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("8", 6);
        rig.Receive("4", 3, "123=Y|36=6|", "43=Y|").Receive("8", 6, header: "43=Y|").Receive("8", 4, header: "43=Y|");
        Assert.Equal(["message 6"], rig.TakeTold());
        Assert.Equal(7u, rig.Store.NextIncoming);
        Assert.Equal(2, rig.Session.Counters.Duplicates);
    }

    [Fact]
    public void A_number_too_low_without_possdup_ends_the_session()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("8", 2);
        Assert.Equal(["5 3 58=MsgSeqNum too low, expecting 3 but received 2"], rig.TakeWritten());
        Assert.Equal(["cut SequenceTooLow", "down SequenceTooLow"], rig.TakeTold());
    }

    [Fact]
    public void Reset_mode_moves_forward_only_and_disregards_its_own_number()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("4", 77, "36=20|");
        Assert.Equal(20u, rig.Store.NextIncoming);
        rig.Receive("4", 20, "36=4|");
        Assert.StartsWith("3 3 45=20 58=Value is incorrect (out of range) for this tag 372=4 373=5", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
        Assert.Equal(20u, rig.Store.NextIncoming);
        rig.Receive("8", 20);
        Assert.Equal(["message 20"], rig.TakeTold());
    }

    [Fact]
    public void An_initiator_gap_fills_old_orders_and_reports_each_unsent_once()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        Assert.Equal(SendResult.Sent, rig.Order(101));
        Assert.Equal(SendResult.Sent, rig.Order(102));
        rig.TakeWritten();
        rig.Receive("2", 3, "7=2|16=0|");
        Assert.Equal(["4 2 43=Y 36=5 123=Y"], rig.TakeWritten());
        Assert.Equal(["unsent 3 order 101", "unsent 4 order 102"], rig.TakeTold());
        rig.Receive("2", 4, "7=3|16=3|");
        Assert.Equal(["4 3 43=Y 36=4 123=Y"], rig.TakeWritten());
        Assert.Empty(rig.TakeTold());
        Assert.Equal(SendResult.Sent, rig.Order(103));
        Assert.StartsWith("D 5 ", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
    }

    [Fact]
    public void An_acceptor_resends_reports_and_gap_fills_the_rest()
    {
        var rig = new SessionRig(FixRole.Acceptor).Connect().Receive("A", 1, "98=0|108=10|");
        rig.Report(1);
        rig.Receive("1", 2, "112=x|");
        rig.Report(2);
        rig.TakeWritten();
        rig.Receive("2", 3, "7=1|16=0|");
        string[] written = rig.TakeWritten();
        Assert.Equal(4, written.Length);
        Assert.Equal("4 1 43=Y 36=2 123=Y", written[0]);
        Assert.StartsWith("8 2 43=Y 37=1 17=1 11=1 ", written[1], StringComparison.Ordinal);
        Assert.Equal("4 3 43=Y 36=4 123=Y", written[2]);
        Assert.StartsWith("8 4 43=Y 37=2 17=2 11=2 ", written[3], StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_resend_runs_in_slices_and_what_is_sent_meanwhile_follows_it_in_order()
    {
        var rig = new SessionRig(FixRole.Acceptor, s => s with { ResendSlice = 3 }).Connect().Receive("A", 1, "98=0|108=10|");
        for (ulong i = 1; i <= 8; i++) rig.Report(i);
        rig.TakeWritten();
        rig.Receive("2", 2, "7=2|16=5|");
        Assert.Equal(3, rig.TakeWritten().Length);
        rig.Report(9);
        Assert.Empty(rig.TakeWritten());
        rig.LinkIsClear = false;
        rig.Pass(0.001);
        Assert.Empty(rig.TakeWritten());
        rig.LinkIsClear = true;
        rig.Pass(0.001);
        string[] rest = rig.TakeWritten();
        Assert.Equal(2, rest.Length);
        Assert.StartsWith("8 5 43=Y", rest[0], StringComparison.Ordinal);
        Assert.StartsWith("8 10 37=9", rest[1], StringComparison.Ordinal);
        rig.Report(10);
        Assert.StartsWith("8 11 37=10", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("7=0|16=0|")]
    [InlineData("7=9|16=0|")]
    [InlineData("7=2|16=1|")]
    [InlineData("16=0|")]
    [InlineData("7=x|16=0|")]
    public void A_resend_request_out_of_range_is_rejected(string body)
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("2", 3, body);
        Assert.StartsWith("3 3 45=3 58=Value is incorrect (out of range) for this tag 371=7 372=2 373=5", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
        Assert.Equal(4u, rig.Store.NextIncoming);
    }

    [Fact]
    public void Two_gaps_at_once_are_both_answered()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Order(5);
        rig.TakeWritten();
        rig.Receive("2", 8, "7=3|16=0|");
        Assert.Equal(["4 3 43=Y 36=4 123=Y", "2 4 7=3 16=0"], rig.TakeWritten());
    }

    [Fact]
    public void Silence_is_answered_by_a_test_request_and_then_by_the_cut()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Pass(10.1);
        Assert.Equal(["0 3"], rig.TakeWritten());
        rig.Pass(2);
        Assert.Equal(["1 4 112=TEST"], rig.TakeWritten());
        rig.Pass(5).Receive("0", 3, "112=TEST|").Pass(12.1);
        Assert.Equal(["1 5 112=TEST"], rig.TakeWritten());
        rig.Pass(11).Pass(1.5);
        Assert.Equal(["cut PeerSilent", "down PeerSilent"], rig.TakeTold());
    }

    [Fact]
    public void A_test_request_is_answered_with_its_identifier()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("1", 3, "112=ARE YOU THERE|").Receive("1", 4);
        Assert.Equal(["0 3 112=ARE YOU THERE", "3 4 45=4 58=Required tag missing 371=112 372=1 373=1"], rig.TakeWritten());
    }

    [Fact]
    public void Logout_is_a_handshake_from_either_side()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Session.Logout("done"u8, rig.NowNs, rig.UtcNs);
        Assert.Equal(["5 3 58=done"], rig.TakeWritten());
        Assert.Equal(SendResult.Disconnected, rig.Order(1));
        rig.Receive("8", 3).Receive("5", 4);
        Assert.Equal(["down LoggedOut", "message 3", "cut LoggedOut"], rig.TakeTold());

        rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("5", 3);
        Assert.Equal(["5 3"], rig.TakeWritten());
        Assert.Equal(["down LoggedOut"], rig.TakeTold());
        rig.Pass(2.1);
        Assert.Equal(["cut LoggedOut"], rig.TakeTold());

        rig = new SessionRig(FixRole.Initiator).Up();
        rig.Session.Logout(default, rig.NowNs, rig.UtcNs);
        rig.Pass(2.1);
        Assert.Equal(["down LoggedOut", "cut LogoutTimeout"], rig.TakeTold());
    }

    [Fact]
    public void Wrong_identifiers_and_wrong_times_end_the_session()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("8", 3, sender: "OTHER");
        Assert.Equal(["3 3 45=3 58=CompID problem 372=8 373=9", "5 4"], rig.TakeWritten());
        Assert.Equal(["down CompIdProblem"], rig.TakeTold());
        rig.Receive("5", 4);
        Assert.Equal(["cut LoggedOut"], rig.TakeTold());

        rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("8", 3, sentUtcNs: rig.UtcNs - 121_000_000_000);
        Assert.Equal(["3 3 45=3 58=SendingTime accuracy problem 372=8 373=10", "5 4"], rig.TakeWritten());
        Assert.Equal(["down Protocol"], rig.TakeTold());
        rig.Pass(2.1);
        Assert.Equal(["cut LogoutTimeout"], rig.TakeTold());
    }

    [Fact]
    public void A_message_without_number_or_of_another_version_ends_the_session()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Raw(FixSamples.Message($"35=8|49=VENUE|56=DESK|52={SessionRig.TimeText(FixSamples.StartUtcNs)}|"));
        Assert.StartsWith("5 3 58=", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
        Assert.Equal(["cut Protocol", "down Protocol"], rig.TakeTold());

        rig = new SessionRig(FixRole.Initiator).Up();
        rig.Raw(FixSamples.Message($"35=8|49=VENUE|56=DESK|34=3|52={SessionRig.TimeText(FixSamples.StartUtcNs)}|", "FIX.4.2"));
        Assert.Equal(["5 3 58=Incorrect BeginString"], rig.TakeWritten());
        Assert.Equal(["down Protocol"], rig.TakeTold());
        rig.Receive("5", 4);
        Assert.Equal(["cut LoggedOut"], rig.TakeTold());
    }

    [Fact]
    public void A_garbled_message_is_ignored_and_comes_again_by_resend()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        byte[] message = FixSamples.Message($"35=8|49=VENUE|56=DESK|34=3|52={SessionRig.TimeText(rig.UtcNs)}|");
        message[^2] ^= 1;
        rig.Raw(message);
        Assert.Empty(rig.TakeTold());
        Assert.Equal(3u, rig.Store.NextIncoming);
        rig.Receive("8", 4);
        Assert.Equal(["2 3 7=3 16=0"], rig.TakeWritten());
    }

    [Fact]
    public void A_malformed_header_is_rejected_and_its_number_used_up()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Receive("8", 3, header: "97=Q|");
        Assert.StartsWith("3 3 45=3 58=Incorrect data format for value 371=97 372=8 373=6", Assert.Single(rig.TakeWritten()), StringComparison.Ordinal);
        Assert.Equal(4u, rig.Store.NextIncoming);
        Assert.Empty(rig.TakeTold());
    }

    [Fact]
    public void A_session_reject_names_our_order()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Order(77);
        rig.Receive("3", 3, "45=3|373=5|");
        Assert.Equal(["rejected 3 reason 5 order 77"], rig.TakeTold());
    }

    [Fact]
    public void A_refused_write_takes_the_number_back_and_a_failed_one_ends_the_session()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Link = LinkWrite.Refused;
        Assert.Equal(SendResult.BackPressure, rig.Order(1));
        Assert.Equal(3u, rig.Store.NextOutgoing);
        rig.Link = LinkWrite.Failed;
        Assert.Equal(SendResult.Disconnected, rig.Order(2));
        Assert.Equal(3u, rig.Store.NextOutgoing);
        Assert.Equal(["cut LinkLost", "down LinkLost"], rig.TakeTold());
        Assert.Equal(SendResult.Disconnected, rig.Order(3));
    }

    [Fact]
    public void With_no_room_for_events_no_message_is_taken()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.HasRoom = false;
        rig.Receive("8", 3);
        Assert.Empty(rig.TakeTold());
        Assert.Equal(3u, rig.Store.NextIncoming);
    }

    [Fact]
    public void After_a_reconnect_the_session_is_up_only_when_what_was_missed_has_come()
    {
        var rig = new SessionRig(FixRole.Initiator).Up();
        rig.Session.OnLinkLost(rig.NowNs, rig.UtcNs);
        Assert.Equal(["down LinkLost"], rig.TakeTold());
        rig.Connect();
        Assert.Equal(["A 3 98=0 108=10"], rig.TakeWritten());
        rig.Receive("A", 5, "98=0|108=10|");
        Assert.Equal(["2 4 7=3 16=0", "1 5 112=2"], rig.TakeWritten());
        rig.Receive("8", 3, header: "43=Y|").Receive("8", 4, header: "43=Y|").Receive("4", 5, "123=Y|36=6|", "43=Y|");
        Assert.Equal(["logon", "message 3 dup", "message 4 dup"], rig.TakeTold());
        rig.Receive("0", 6, "112=2|");
        Assert.Equal(["up"], rig.TakeTold());
    }

    [Fact]
    public void Reports_for_an_absent_peer_are_numbered_and_fetched_later()
    {
        var rig = new SessionRig(FixRole.Acceptor).Connect().Receive("A", 1, "98=0|108=10|");
        rig.Session.OnLinkLost(rig.NowNs, rig.UtcNs);
        rig.Report(1);
        rig.Report(2);
        rig.TakeWritten();
        rig.Connect().Receive("A", 2, "98=0|108=10|");
        Assert.Equal(["A 4 98=0 108=10"], rig.TakeWritten());
        rig.Receive("2", 3, "7=2|16=0|");
        string[] written = rig.TakeWritten();
        Assert.StartsWith("8 2 43=Y", written[0], StringComparison.Ordinal);
        Assert.StartsWith("8 3 43=Y", written[1], StringComparison.Ordinal);
        Assert.Equal("4 4 43=Y 36=5 123=Y", written[2]);
    }

    [Fact]
    public void The_logon_times_out()
    {
        var rig = new SessionRig(FixRole.Initiator).Connect().Pass(10.1);
        Assert.Equal(["cut LogonTimeout"], rig.TakeTold());
    }
}
